"""Where the time goes: a trace of one load per arm, apart from what is timed."""
