"""The audit: a line for every request, chained by hashes, and what is summed from it."""
