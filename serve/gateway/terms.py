"""`KeyTerms`: what a key may and until when, and how users write dates, durations and names of models."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from pipeline.base.errors import UsageError
from pipeline.base.moment import Moment
from pipeline.base.results import Result

_MOST = 10**9
_Limit = Annotated[int, Field(ge=1, le=_MOST)]
NONE = "none"
"""What users write to take a limit away."""
_COUNTS = {
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "concurrent": "concurrent",
    "keep_text": "keeps_text_days",
}
"""Options of the command line and what they set."""
_COUNT = re.compile(r"[1-9][0-9]{0,9}")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DURATION = re.compile(r"([0-9]{1,6})([mhdw])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MODEL = re.compile(r"[^\s,]{1,200}")


class KeyTerms(Result):
    """What a key may, and until when; None of a limit means none."""

    requests_per_minute: _Limit | None = None
    tokens_per_minute: _Limit | None = None
    """Of prompts and answers together."""
    concurrent: _Limit | None = None
    """Requests at once."""
    models: tuple[str, ...] | None = None
    """That it may ask for; None for all."""
    keeps_text_days: _Limit | None = None
    """For how long prompts and answers are kept; None: never."""
    expires_at: Moment | None = None
    """UTC, ISO 8601."""


def stamp(moment: datetime) -> str:
    """Return a moment as the key file has it: UTC, ISO 8601, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def duration_of(text: str) -> timedelta:
    """Return how long `90m`, `12h`, `30d` or `2w` is.

    Raises:
        UsageError: it is no such duration.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"'{text}' is no duration. Write minutes, hours, days or weeks: 90m, 12h, 30d, 2w.")
    return int(found[1]) * _UNITS[found[2]]


def expiry_of(text: str, now: datetime) -> str:
    """Return when a key ends: at the end of a day, at a time, or after a duration.

    Args:
        text: `2027-01-31` (the whole day counts), `2027-01-31T12:00` or `30d`; UTC unless it says otherwise.
        now: the present.

    Raises:
        UsageError: it is none of them, or in the past.
    """
    moment = _moment_of(text.strip(), now)
    if moment <= now:
        raise UsageError(f"{text} is in the past: it is {stamp(now)} now. Choose a later date or a duration.")
    return stamp(moment)


def _moment_of(text: str, now: datetime) -> datetime:
    try:
        if _DURATION.fullmatch(text):
            return now + duration_of(text)
        found = datetime.fromisoformat(text)
        if _DATE.fullmatch(text):
            found = datetime.combine(found, time.min) + timedelta(days=1)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"'{text}' is no date and no duration. Write 2027-01-31, 2027-01-31T12:00 (UTC), or 30d."
        ) from None


def models_of(text: str) -> tuple[str, ...]:
    """Return the models that `a,b` names, each once.

    Raises:
        UsageError: it names none, or one that can be no model's name.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    bad = next((name for name in names if not _MODEL.fullmatch(name)), None)
    if bad is not None or not names:
        raise UsageError(f"'{text if bad is None else bad}' names no model. Write names with commas between them: a,b.")
    return names


def terms_of(options: Mapping[str, str | None], now: datetime) -> KeyTerms:
    """Return the terms that options of the command line name; those that are not given are unset.

    Args:
        options: `rpm`, `tpm`, `concurrent`, `keep_text`, `models` and `expires`, as they were typed; None: not given.
        now: the present.

    Raises:
        UsageError: one cannot be read.
    """
    given = {name: text.strip() for name, text in options.items() if text is not None}
    found: dict[str, object] = {
        field: None if given[name] == NONE else _count_of(given[name], f"--{name.replace('_', '-')}")
        for name, field in _COUNTS.items()
        if name in given
    }
    if "models" in given:
        found["models"] = None if given["models"] == NONE else models_of(given["models"])
    if "expires" in given:
        found["expires_at"] = None if given["expires"] == NONE else expiry_of(given["expires"], now)
    return KeyTerms.model_validate(found)


def _count_of(text: str, option: str) -> int:
    if not _COUNT.fullmatch(text) or int(text) > _MOST:
        raise UsageError(f"{option}: '{text}' is no limit. Write a whole number from 1 to {_MOST}, or `{NONE}`.")
    return int(text)


def limits_in_words(terms: KeyTerms) -> Sequence[str]:
    """Return the limits of a key, each in words as short as its option."""
    counts = (
        (terms.requests_per_minute, "rpm"),
        (terms.tokens_per_minute, "tpm"),
        (terms.concurrent, "at once"),
    )
    return (
        *(f"{count} {unit}" for count, unit in counts if count is not None),
        *([f"models {','.join(terms.models)}"] if terms.models is not None else []),
        *([f"text kept {terms.keeps_text_days} d"] if terms.keeps_text_days is not None else []),
    )
