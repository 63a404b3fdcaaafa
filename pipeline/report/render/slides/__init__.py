"""The slides of a report: what stands on each, made to fit."""
