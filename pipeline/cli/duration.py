"""Durations on the command line: `90s`, `30m`, `1h`, `7d`."""

import re
from datetime import timedelta

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST_DAYS = 3660


def duration(text: str) -> timedelta:
    """Return the time that a whole number with its unit stands for.

    Raises:
        BadParameter: it is none, or longer than ten years.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text.strip())
    if found is None:
        raise click.BadParameter(
            f"'{text}' is no duration. Write a whole number and its unit, such as 90s, 30m, 1h or 7d."
        )
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > _MOST_DAYS * _UNITS["d"]:
        raise click.BadParameter(f"'{text}' is longer than ten years. Ask for less.")
    return timedelta(seconds=seconds)
