"""Beyond these a number that is asked for is a slip of the pen: no plan is made of it, and none would end soon."""

MOST_GPUS = 100_000
"""Of one replica's placement, or of one purchase."""
MOST = 10**12
"""Tokens, sequences, requests, users."""
MOST_GIB = 10**9
"""Stated memory."""
MOST_AMOUNT = 1e30
"""Parameters, rates and sums of money."""
