"""Isolated engine environments and the processes that run in them."""
