"""What the alarm on token probabilities says where it is raised."""

from collections.abc import Mapping, Sequence

PACKAGED = "modules of Python's standard library (packaged)"
FOREIGN = "modules of Python's standard library (packaged; not the domain of this recipe)"
"""The same text, for a model whose tasks are no Python."""


class AlarmSentences:
    """The sentence of the gate, and how the packaged texts are called."""

    held_out_texts: Mapping[str, str] = {PACKAGED: PACKAGED, FOREIGN: FOREIGN}
    """By the name that results keep; a text of the recipe has its own."""

    def held_out(self, text: str) -> str:
        """Return how the text is called that the alarm compared token probabilities on."""
        return self.held_out_texts.get(text, text)

    def broken_weights(
        self,
        notes: Sequence[str],
        *,
        arm: str,
        tokens: str,
        text: str,
        nats: str,
        max_nats: str,
        agreement: str,
        least: str,
    ) -> str:
        rounding, foreign = notes
        return (
            f"The weights of the arm '{arm}' are most likely broken: over {tokens} tokens of {self.held_out(text)} its "
            f"mean KL divergence from the baseline is {nats} nats per token (alarm above {max_nats}{rounding}), and "
            f"{agreement} of the positions agree on the most likely token, as far as it leads by more than the noise "
            f"(alarm below {least}).{foreign} Quantize again, or with the other quantize.backend; if so large a loss "
            f"is intended, set eval.alarm.stop=false."
        )

    def of_plain_rounding(self, *, arm: str, nats: str, times: str) -> str:
        return f"; plain rounding ({arm}) is at {nats}, alarm above {times} times that"

    def own_domain_first(self) -> str:
        return " First look with a text of the model's own domain, in eval.alarm.text."
