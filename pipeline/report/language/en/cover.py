"""What stands on the cover and the last page."""

from collections.abc import Mapping

from pipeline.base.results import Origin
from pipeline.report.language.en.words import Words


class Cover(Words):
    """Labels, and the legend of origins."""

    title = "AWQ deployment report"
    """Unless the recipe has its own."""
    date = "Date"
    model = "Model"
    recipe = "Recipe"
    measured_on = "Measured on"
    checkpoint = "Checkpoint"
    holds_for = "Holds for"

    def at_commit(self, name: str, commit: str) -> str:
        return f"{name}, commit {commit}"

    def awq(self, bits: str, groups: str, digest: str) -> str:
        return f"AWQ, {bits} bit, {groups}; SHA-256 {digest}"

    def holds(self, engine: str, prompt: str, answer: str, awqctl: str) -> str:
        return (
            f"this checkpoint on this hardware with {engine}, prompts of {prompt} and answers of {answer} tokens; "
            f"measured with awqctl {awqctl}"
        )

    def holds_with_prompts(self, engine: str, file: str, answer: str, awqctl: str) -> str:
        return (
            f"this checkpoint on this hardware with {engine}, the prompts of {file} and answers of {answer} "
            f"tokens; measured with awqctl {awqctl}"
        )

    def holds_without_speed(self, awqctl: str) -> str:
        return f"this checkpoint; speed was not measured; awqctl {awqctl}"

    client = "For the client"
    consultant = "For the consultant"
    origins: Mapping[Origin, str] = {
        "measured": "observed in this run",
        "modelled": "calculated from other figures, at least one of them not measured",
        "quoted": "stated by a named source",
        "assumed": "chosen for this report, not confirmed",
    }
