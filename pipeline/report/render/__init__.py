"""Renderings of one report document, one format per module."""
