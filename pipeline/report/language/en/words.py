"""Words that every chapter uses: how arms are called, how things are counted and listed."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.base.format import count

Noun = Literal[
    "task",
    "run",
    "warm-up request",
    "gate",
    "check",
    "endpoint check",
    "layer",
    "block",
    "core",
    "time",
    "request",
    "sample",
    "step",
    "setting",
    "machine",
    "GPU",
]


class Words:
    """What the classes of all chapters are made from, so that another language says it once."""

    arm_names: Mapping[str, str] = {"baseline": "baseline", "awq": "AWQ", "rtn": "rounded"}
    """Arms of one's own keep their names."""
    nouns: Mapping[Noun, tuple[str, str]] = {
        "task": ("task", "tasks"),
        "run": ("run", "runs"),
        "warm-up request": ("warm-up request", "warm-up requests"),
        "gate": ("gate", "gates"),
        "check": ("check", "checks"),
        "endpoint check": ("endpoint check", "endpoint checks"),
        "layer": ("layer", "layers"),
        "block": ("block", "blocks"),
        "core": ("core", "cores"),
        "time": ("time", "times"),
        "step": ("step", "steps"),
        "request": ("request", "requests"),
        "sample": ("sample", "samples"),
        "setting": ("setting", "settings"),
        "machine": ("machine", "machines"),
        "GPU": ("GPU", "GPUs"),
    }
    """For one, and for any other number."""

    facts_columns = ("Item", "Value")

    def folder(self, folder: str, amount: str) -> str:
        """Return a folder of which the files are not named one by one."""
        return f"{folder}/ ({amount} files)"

    too_few = "too few"
    interval_unknown = "not known from so few repeats"
    void = "void"
    void_caption = " A cross at the top: the point is void and has no figure."

    def name_of(self, arm: str) -> str:
        """Return an arm as a reader knows it."""
        return self.arm_names.get(arm, arm)

    def title_of(self, arm: str) -> str:
        """Return an arm where a sentence begins."""
        name = self.name_of(arm)
        return name if arm not in self.arm_names else f"{name[:1].upper()}{name[1:]}"

    def amount(self, amount: int, noun: Noun) -> str:
        """Return `1 task`, `2 tasks`."""
        return f"{count(amount)} {self.nouns[noun][amount != 1]}"

    def or_more(self, amount: str) -> str:
        """Return `5 runs or more`."""
        return f"{amount} or more"

    def listing(self, items: Sequence[str]) -> str:
        """Return `a`, `a and b`, `a, b and c`."""
        head, last = items[:-1], "".join(items[-1:])
        return f"{', '.join(head)} and {last}" if head else last

    def from_to(self, first: str, last: str) -> str:
        """Return a range of neighbours."""
        return f"{first} to {last}"

    def grouping(self, group_size: int) -> str:
        """Return which weights share a scale; -1 stands for whole rows."""
        return "one group per row" if group_size == -1 else f"groups of {group_size}"
