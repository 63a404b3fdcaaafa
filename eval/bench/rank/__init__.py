"""Runs of several machines in order, refused unless they are alike."""
