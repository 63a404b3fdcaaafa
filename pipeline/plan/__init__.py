"""The planner: what fits, how fast, on which GPU. Pure functions of plain values; nothing is read here."""
