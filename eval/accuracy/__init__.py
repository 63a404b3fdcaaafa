"""The eval stage: paired lm-eval scores of every arm."""
