"""The fidelity alarm: token probabilities of an arm against the baseline on held-out text."""
