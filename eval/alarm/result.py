"""What the alarm found."""

from pipeline.base.results import Result


class Fidelity(Result):
    """Token probabilities of one arm against the baseline's on held-out text. An alarm, not the verdict."""

    arm: str
    text: str
    """Where the text is from."""
    tokens: int
    """Positions compared."""
    top_k: int
    """Most likely tokens that were compared one by one; the others count together, which makes the divergence a lower
    bound."""
    mean_kl_nats: float
    """Kullback-Leibler divergence of the arm from the baseline, mean over positions."""
    top1_agreement: float
    """Share of positions where both find the same token most likely."""
    absurd: bool
    """Beyond the recipe's limits, or AWQ far worse than the control: the weights are most likely broken."""
