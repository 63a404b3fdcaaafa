"""`Chapter`: what a chapter of the report says of itself, beside its code."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.base.results import Payload
from pipeline.report.document import Section
from pipeline.report.inputs import Inputs
from pipeline.report.language.language import Language


@dataclass(frozen=True)
class Chapter:
    """One chapter. It stands in a report where the results that it needs are there."""

    id: str
    write: Callable[[Inputs], Section]
    needs: tuple[type[Payload], ...] = ()
    """Results that it cannot do without; it looks with `Inputs.has` whether others are there."""
    stands: Callable[[Inputs], bool] = lambda _inputs: True
    """Whether those results have what it is about; asked only where they are there."""
    limits: Callable[[Inputs], Iterable[str]] = lambda _inputs: ()
    """What it did not measure, one sentence each; empty sentences count for nothing."""
    absent: Callable[[Language], str] = lambda _say: ""
    """Said of a report without the chapter, with the command that makes what is missing; chapters may share it."""

    def stands_in(self, inputs: Inputs) -> bool:
        """Return whether the results that it needs are there, with what it is about."""
        return inputs.has(*self.needs) and self.stands(inputs)
