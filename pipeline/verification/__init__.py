"""A report held against the run that it is of: every figure, every key, every file, and results made again."""
