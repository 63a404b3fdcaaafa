"""The recipe: what a user asks for."""
