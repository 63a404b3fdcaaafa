"""The eval stage: paired lm-eval scores of both variants."""
