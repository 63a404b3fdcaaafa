"""Click commands; the only place that prints."""
