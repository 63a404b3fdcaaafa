"""The endpoint: an engine and a gateway, kept together."""
