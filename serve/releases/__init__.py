"""Releases: what is served, pinned in MLflow's registry, and how one takes the place of another."""
