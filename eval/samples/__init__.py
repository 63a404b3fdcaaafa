"""lm-eval's files, for `awqctl compare`."""
