"""The soak: minutes of one load, and whether anything drifts meanwhile."""
