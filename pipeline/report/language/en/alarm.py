"""What is said of the alarm on token probabilities."""

from pipeline.report.language.en.words import Words


class Alarm(Words):
    """Its table, and what is said where it was raised."""

    title = "Alarm on token probabilities (not the verdict)"
    columns = ("Arm", "Held-out text", "Tokens", "Mean KL divergence, nats", "Same most likely token", "Alarm")
    raised = "raised"
    silent = "silent"
    not_scored = "AWQ was not scored on the tasks."

    def note(self, nats: str, agreement: str, times: str, tokens: str) -> str:
        return (
            f"It is raised above {nats} nats or below {agreement} agreement, and for AWQ above "
            f"{times} times the rounded model's divergence: weights are most likely broken there. Tokens of which "
            f"neither side finds one ahead of the other by more than the noise count as the same. "
            f"Silence says nothing about the tasks, and no verdict uses these figures. "
            f"The divergence is a lower bound: beyond the {tokens} most likely tokens, all others count "
            f"together."
        )

    def text(self, arm: str, nats: str, agreement: str, held_out: str) -> str:
        return (
            f"The alarm was raised for {arm}: on {held_out} its token probabilities diverge by {nats} nats from the "
            f"baseline's; the most likely token is the same, or not clear, at {agreement} of the positions. "
            f"Its weights are most likely mapped wrongly."
        )
