"""Recipes that ship, and the data they need."""
