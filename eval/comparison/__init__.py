"""Two models on the same items: reading what lm-eval wrote, matching it, comparing it."""
