"""What every stage leaves behind in small: `Result`, `Metric`, `Gate`, `Phrase`, and where a figure came from."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Origin = Literal["measured", "modelled", "quoted", "assumed"]
"""Where a figure came from."""
Outcome = Literal["passed", "failed", "inconclusive"]


class Result(BaseModel):
    """Base of all results: immutable, strict about keys, attribute docstrings as descriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Payload(Result):
    """A stage's own result, as it stands in `record.json`. A subclass names its stage, and the version of its form."""

    STAGE: ClassVar[str]
    schema_version: int
    """Of the form; a change that readers notice raises it, and `pipeline.record.migrate` reads the one before."""

    @classmethod
    def version(cls) -> int:
        """Return the version that this program writes."""
        return int(cls.model_fields["schema_version"].default)


class Metric(Result):
    """One figure. Units stand in the name (`_ms`, `_gib`, `_usd_per_mtok`)."""

    name: str
    value: float
    step: int | None = None
    """Concurrency or another axis; the step axis in MLflow."""
    origin: Origin


class Phrase(Result):
    """A sentence without its words: which one it is and its figures, from which every language makes it.

    What a stage says in English is kept beside it, for the terminal and for readers of the files.
    """

    key: str
    """The method of `pipeline.base.sentences` that says it."""
    figures: dict[str, str] = Field(default_factory=dict)
    """Figures and names as they are printed, by that method's parameters."""
    parts: tuple["Phrase", ...] | None = None
    """Phrases that stand in it; None of a sentence that takes none."""


class Gate(Result):
    """A condition that was checked."""

    name: str
    passed: bool
    verdict: Literal["pass", "fail", "inconclusive"] | None = None
    """Of gates that may be undecided, which are not passed then; None where `passed` says it."""
    about: Literal["checkpoint", "measurement"] = "checkpoint"
    """Whether it speaks for the checkpoint, which is not served then, or only for figures that were measured."""
    statement: str
    """One sentence with the figures, for a reader."""
    said: Phrase | None = None
    """The statement for other languages; None in results of earlier versions."""

    @property
    def outcome(self) -> Outcome:
        """The verdict in a word; what is not passed failed unless it is undecided."""
        if self.verdict == "inconclusive":
            return "inconclusive"
        return "passed" if self.passed else "failed"
