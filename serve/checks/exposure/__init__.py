"""The self-audit: a running endpoint probed from outside, and its processes looked at."""
