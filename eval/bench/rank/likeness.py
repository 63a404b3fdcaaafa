"""Whether runs can be compared, and what differs between them. Pure."""

from collections.abc import Mapping, Sequence

from eval.bench.rank.entry import Entry
from pipeline.base.errors import UsageError, VoidMeasurementError
from pipeline.base.format import listed
from pipeline.base.results import Result

_ABSENT = "none"
_Facts = Mapping[str, str]


class Difference(Result):
    """One thing that is not the same in all runs."""

    name: str
    values: dict[str, str]
    """By run."""

    def __str__(self) -> str:
        by_value: dict[str, list[str]] = {}
        for run, value in self.values.items():
            by_value.setdefault(value, []).append(run)
        return f"{self.name}: " + "; ".join(f"{value} ({', '.join(runs)})" for value, runs in by_value.items())


def differences(facts: Mapping[str, _Facts]) -> tuple[Difference, ...]:
    """Return what is not the same in all runs, in the order in which it is first named.

    Args:
        facts: of each run, by name.
    """
    names = dict.fromkeys(name for one in facts.values() for name in one)
    found = [
        Difference(name=name, values={run: one.get(name, _ABSENT) for run, one in facts.items()}) for name in names
    ]
    return tuple(one for one in found if len(set(one.values.values())) > 1)


def refuse_unlike(entries: Sequence[Entry], concurrency: int | None) -> None:
    """Return where all runs had the same load on the same engine with the same settings.

    Raises:
        UsageError: they had not; names what differs.
    """
    found = list(differences({entry.name: entry.settings for entry in entries}))
    levels = {entry.name: _levels(entry) for entry in entries}
    if concurrency is not None:
        lacking = [name for name, measured in levels.items() if concurrency not in measured]
        if lacking:
            raise UsageError(
                f"{listed(lacking)} did not measure concurrency {concurrency}. Measured by all: "
                f"{_texts(set.intersection(*map(set, levels.values()))) or 'none'}."
            )
    elif len({tuple(one) for one in levels.values()}) > 1:
        found.append(Difference(name="concurrency", values={name: _texts(one) for name, one in levels.items()}))
    if not found:
        return
    advice = "Run the same recipe on every machine."
    if [one.name for one in found] == ["concurrency"]:
        common = _texts(set.intersection(*map(set, levels.values())))
        advice = f"Compare at one that all have, with --concurrency ({common})." if common else advice
    lines = "\n  ".join(map(str, found))
    raise UsageError(f"These runs are not alike, so no ranking says which machine is faster:\n  {lines}\n{advice}")


def refuse_void(entries: Sequence[Entry], concurrency: int | None) -> None:
    """Return where every level that is compared, or might have been the best of its run, has figures.

    Raises:
        VoidMeasurementError: one is void.
    """
    void = [
        f"{entry.name} at concurrency {level}: {'; '.join(reasons)}"
        for entry in entries
        for level, reasons in entry.void.items()
        if concurrency in (None, level)
    ]
    if not void:
        return
    whole = _texts(set.intersection(*(set(entry.levels) for entry in entries)))
    advice = f"Compare where all have figures, with --concurrency ({whole})" if whole else "Measure again"
    raise VoidMeasurementError(f"Void, and so not ranked: {'. '.join(void)}. {advice}.")


def _levels(entry: Entry) -> list[int]:
    return sorted({*entry.levels, *entry.void})


def _texts(levels: Sequence[int] | set[int]) -> str:
    return ", ".join(map(str, sorted(levels)))
