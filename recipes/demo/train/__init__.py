"""Training of the demo model; the only part of the repository outside the engine workers that needs torch."""
