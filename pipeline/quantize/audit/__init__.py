"""A checkpoint compared with its source."""
