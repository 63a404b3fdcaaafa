"""The endpoint as it is now, for people who watch it."""
