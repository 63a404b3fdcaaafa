"""The client report."""
