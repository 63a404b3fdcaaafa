"""Why a GPU's clock is not higher, in the names that samples use, and what that means for a measurement.

NVIDIA calls them clocks event reasons (`nvmlClocksEventReason*`), and throttle reasons before. Power capping by
software is what a GPU at full load does; it is recorded, not held against a measurement.
"""

from typing import Literal, NamedTuple

Meaning = Literal["idle", "normal", "warn", "fail"]


class Reason(NamedTuple):
    """One reason."""

    name: str
    bit: int
    """Of NVIDIA's mask."""
    meaning: Meaning
    text: str
    remedy: str = ""


_HEAT = "Look at airflow, fans and the room's temperature, and let the GPU cool down."
_POWER = "Look at power supply and cables, and at what the server's power management asks for."

REASONS = (
    Reason("gpu_idle", 0x1, "idle", "idle"),
    Reason(
        "applications_clocks_setting",
        0x2,
        "warn",
        "clocks are set by a user",
        "Reset them with `nvidia-smi --reset-gpu-clocks`.",
    ),
    Reason("sw_power_cap", 0x4, "normal", "at the power limit, as usual at full load"),
    Reason("hw_slowdown", 0x8, "fail", "slowed down by the hardware", f"{_HEAT} {_POWER}"),
    Reason("sync_boost", 0x10, "warn", "clocks are tied to another GPU's", "Undo the sync boost group."),
    Reason("sw_thermal_slowdown", 0x20, "warn", "slowed down by the driver because of heat", _HEAT),
    Reason("hw_thermal_slowdown", 0x40, "fail", "slowed down by the hardware because of heat", _HEAT),
    Reason("hw_power_brake", 0x80, "fail", "slowed down from outside by the power brake", _POWER),
    Reason("display_clock_setting", 0x100, "warn", "clocks are set by a display", "Measure without a display."),
)
BY_NAME = {reason.name: reason for reason in REASONS}
THROTTLES = tuple(reason.name for reason in REASONS if "slowdown" in reason.name or reason.name == "hw_power_brake")
"""Reasons for which the GPU computes slower than it would in health; the power limit is not one."""


def reasons_in(mask: int) -> tuple[str, ...]:
    """Return the names in NVIDIA's mask; bits that no name is known for are `unknown_0x200`."""
    known = tuple(reason.name for reason in REASONS if mask & reason.bit)
    rest = mask & ~sum(reason.bit for reason in REASONS)
    return (*known, *([f"unknown_0x{rest:x}"] if rest else []))
