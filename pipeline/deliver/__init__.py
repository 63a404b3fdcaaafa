"""What a client keeps of a run, in one folder: whole, verified, and without a trace of the machine that made it."""
