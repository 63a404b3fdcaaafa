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
    """Share of all positions where both find the same token most likely; low also where many tokens are about equally
    likely, so the alarm does not look at it."""
    clear_agreement: float | None = None
    """Share where it is the same, or where neither finds its own ahead of the other's by more than the noise; None in
    results of earlier versions, whose alarm looked at the share above."""
    absurd: bool
    """Beyond the recipe's limits, or AWQ far worse than the control: the weights are most likely broken."""

    @property
    def agreement(self) -> float:
        """The share that the alarm looked at."""
        return self.top1_agreement if self.clear_agreement is None else self.clear_agreement
