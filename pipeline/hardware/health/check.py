"""`HealthCheck`: one thing that was looked at, and what to do where it is not well."""

from collections.abc import Iterable
from typing import Literal

from pipeline.base.results import Result

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
    remedy: str | None = None
    """What to do; of what is not well."""

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

    def passed(self, name: str, text: str) -> HealthCheck:
        """Return that a thing is well."""
        return HealthCheck(subject=self._name, name=name, state="pass", text=text)

    def warned(self, name: str, text: str, remedy: str) -> HealthCheck:
        """Return what a reader of the figures has to know."""
        return HealthCheck(subject=self._name, name=name, state="warn", text=text, remedy=remedy)

    def failed(self, name: str, text: str, remedy: str) -> HealthCheck:
        """Return what makes figures worthless, or work unsafe."""
        return HealthCheck(subject=self._name, name=name, state="fail", text=text, remedy=remedy)

    def silent(self, name: str, text: str = "not reported") -> HealthCheck:
        """Return that nothing is known."""
        return HealthCheck(subject=self._name, name=name, state="not reported", text=text)


def of_state(checks: Iterable[HealthCheck], state: State) -> tuple[HealthCheck, ...]:
    """Return the checks that ended so."""
    return tuple(check for check in checks if check.state == state)
