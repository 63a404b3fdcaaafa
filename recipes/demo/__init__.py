"""The demo model: its data, its training and what came of it."""
