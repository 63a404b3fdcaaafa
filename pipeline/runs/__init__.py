"""Runs side by side: found, told in short, and compared where they are alike."""
