"""`HealthCheck`: one thing that was looked at, and what to do where it is not well."""

from collections.abc import Iterable
from typing import Literal

from pipeline.base.phrase import phrase, phrase_of, quoted
from pipeline.base.results import Phrase, Result
from pipeline.base.sentences.health import HealthSentences
from pipeline.base.sentences.stored import ENGLISH

State = Literal["pass", "warn", "fail", "not reported"]
HOST = "machine"
"""Subject of what is no GPU's."""


class HealthCheck(Result):
    """What came of one check; `not reported` is never a pass."""

    subject: str
    """`GPU 0`, or `machine`."""
    name: str
    state: State
    text: str
    """What was found."""
    text_said: Phrase | None = None
    """The same for other languages; None in results of earlier versions."""
    remedy: str | None = None
    """What to do; of what is not well."""
    remedy_said: Phrase | None = None
    """The same for other languages."""

    @property
    def failure(self) -> Phrase:
        """Why figures that were taken meanwhile must not be used."""
        found = self.text_said or quoted(self.text)
        return phrase_of(HealthSentences.unhealthy, (found,), subject=self.subject, check=self.name)

    @property
    def finding(self) -> str:
        """What was found, and what to do."""
        return f"{self.text}. {self.remedy}" if self.remedy else self.text

    @property
    def sentence(self) -> str:
        """The same with whose it is, for a message."""
        return f"{self.subject}, {self.name}: {self.finding.rstrip('.')}."


class Subject:
    """Makes the checks of one subject."""

    def __init__(self, name: str) -> None:
        self._name = name

    def passed(self, name: str, found: Phrase) -> HealthCheck:
        """Return that a thing is well."""
        return self._check(name, "pass", found)

    def warned(self, name: str, found: Phrase, remedy: Phrase) -> HealthCheck:
        """Return what a reader of the figures has to know."""
        return self._check(name, "warn", found, remedy)

    def failed(self, name: str, found: Phrase, remedy: Phrase) -> HealthCheck:
        """Return what makes figures worthless, or work unsafe."""
        return self._check(name, "fail", found, remedy)

    def silent(self, name: str, found: Phrase | None = None) -> HealthCheck:
        """Return that nothing is known."""
        return self._check(name, "not reported", found or phrase(HealthSentences.not_reported))

    def _check(self, name: str, state: State, found: Phrase, remedy: Phrase | None = None) -> HealthCheck:
        return HealthCheck(
            subject=self._name,
            name=name,
            state=state,
            text=ENGLISH.text(found),
            text_said=found,
            remedy=None if remedy is None else ENGLISH.text(remedy),
            remedy_said=remedy,
        )


def of_state(checks: Iterable[HealthCheck], state: State) -> tuple[HealthCheck, ...]:
    """Return the checks that ended so."""
    return tuple(check for check in checks if check.state == state)
