"""Task files for lm-eval, with their data."""
