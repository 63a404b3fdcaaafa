"""Figures of the endpoint in operation: for Prometheus, for service levels, for reports."""
