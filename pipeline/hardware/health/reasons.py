"""Why a GPU's clock is not higher, in the names that samples use, and what that means for a measurement.

NVIDIA calls them clocks event reasons (`nvmlClocksEventReason*`), and throttle reasons before. Power capping by
software is what a GPU at full load does; it is recorded, not held against a measurement.
"""

from typing import Literal, NamedTuple

from pipeline.base.phrase import phrase
from pipeline.base.results import Phrase
from pipeline.base.sentences.health import HealthSentences

Meaning = Literal["idle", "normal", "warn", "fail"]


class Reason(NamedTuple):
    """One reason."""

    name: str
    bit: int
    """Of NVIDIA's mask."""
    meaning: Meaning
    remedies: tuple[Phrase, ...] = ()

    @property
    def phrase(self) -> Phrase:
        """What holds the clock back."""
        return phrase(HealthSentences.held_back, reason=self.name)


_HEAT = phrase(HealthSentences.cool_down)
_POWER = phrase(HealthSentences.look_at_power)

REASONS = (
    Reason("gpu_idle", 0x1, "idle"),
    Reason("applications_clocks_setting", 0x2, "warn", (phrase(HealthSentences.reset_clocks),)),
    Reason("sw_power_cap", 0x4, "normal"),
    Reason("hw_slowdown", 0x8, "fail", (_HEAT, _POWER)),
    Reason("sync_boost", 0x10, "warn", (phrase(HealthSentences.undo_sync_boost),)),
    Reason("sw_thermal_slowdown", 0x20, "warn", (_HEAT,)),
    Reason("hw_thermal_slowdown", 0x40, "fail", (_HEAT,)),
    Reason("hw_power_brake", 0x80, "fail", (_POWER,)),
    Reason("display_clock_setting", 0x100, "warn", (phrase(HealthSentences.without_display),)),
)
BY_NAME = {reason.name: reason for reason in REASONS}
THROTTLES = tuple(reason.name for reason in REASONS if "slowdown" in reason.name or reason.name == "hw_power_brake")
"""Reasons for which the GPU computes slower than it would in health; the power limit is not one."""


def reasons_in(mask: int) -> tuple[str, ...]:
    """Return the names in NVIDIA's mask; bits that no name is known for are `unknown_0x200`."""
    known = tuple(reason.name for reason in REASONS if mask & reason.bit)
    rest = mask & ~sum(reason.bit for reason in REASONS)
    return (*known, *([f"unknown_0x{rest:x}"] if rest else []))
