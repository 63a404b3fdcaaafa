"""What stands behind the options of `awqctl bench --endpoint`: lists, ranges, addresses, headers."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipeline.base.token_range import TokenRange

MOST_CONCURRENT = 10_000
MOST_PER_S = 10_000
MOST_TOKENS = 10_000_000
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_COUNTS = re.compile(r"[0-9]{1,9}(?:, ?[0-9]{1,9})*")
_RATES = re.compile(r"[0-9]{0,9}\.?[0-9]{1,9}(?:, ?[0-9]{0,9}\.?[0-9]{1,9})*")


def tokens(_context: click.Context, _parameter: click.Parameter, value: str) -> "TokenRange":
    """Return a number of tokens, or a range of them, as recipes have it."""
    from pydantic import TypeAdapter, ValidationError

    from pipeline.base.token_range import TokenRange, Tokens

    read = _RANGE.fullmatch(value)
    if not read or max(int(read[1]), int(read[2] or 0)) > MOST_TOKENS:
        raise click.BadParameter(
            f"'{value}' is neither a number of tokens nor a range such as 128-1024, up to {MOST_TOKENS}."
        )
    try:
        return TypeAdapter[TokenRange](Tokens).validate_python(value)
    except ValidationError as problem:
        raise click.BadParameter(f"{problem.errors()[0]['msg'].removeprefix('Value error, ')}.") from problem


def rising(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Return rising numbers that are separated by commas."""
    numbers = tuple(int(part) for part in value.split(",")) if _COUNTS.fullmatch(value) else (0,)
    if list(numbers) != sorted(set(numbers)) or not 0 < numbers[0] <= numbers[-1] <= MOST_CONCURRENT:
        raise click.BadParameter(f"'{value}' is not a list of rising numbers from 1 to {MOST_CONCURRENT}, like 1,16.")
    return numbers


def rates(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    """Return rising rates that are separated by commas; none without."""
    if value is None:
        return ()
    numbers = tuple(float(part) for part in value.split(",")) if _RATES.fullmatch(value) else (0.0,)
    if list(numbers) != sorted(set(numbers)) or not 0 < numbers[0] <= numbers[-1] <= MOST_PER_S:
        raise click.BadParameter(f"'{value}' is not a list of rising rates up to {MOST_PER_S} a second, like 0.5,2,8.")
    return numbers


def address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the address of a server, unless it is none."""
    from pipeline.base.address import server_address

    return None if value is None else _read(server_address, value)


def name(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return a name, unless it is empty."""
    if value is not None and not value.strip():
        raise click.BadParameter("the name is empty.")
    return value


def variable(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the name of an environment variable, unless it is none."""
    from pipeline.base.headers import variable_name

    return None if value is None else _read(variable_name, value)


def with_tokenizer(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Return the folder of a tokenizer, unless there is none in it."""
    if value is not None and not any(value.glob("tokenizer*")):
        raise click.BadParameter(f"{value} has no tokenizer.json; give the folder of the model's tokenizer.")
    return value


def plain_headers(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """Return headers with their values."""
    from pipeline.base.headers import plain_header

    return _once([_read(plain_header, text, "a secret", " (--header-env NAME=VAR)") for text in value])


def secret_headers(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """Return headers with the variables that hold their values."""
    from pipeline.base.headers import secret_header

    return _once([_read(secret_header, text, "its own key", " (--api-key-env VAR)") for text in value])


def check_headers(plain: dict[str, str], secret: dict[str, str]) -> None:
    """Refuse a header that is given with its value and with a variable too."""
    from pipeline.base.headers import without_repeats

    _read(without_repeats, [*plain, *secret])


def _once(headers: list[tuple[str, str]]) -> dict[str, str]:
    from pipeline.base.headers import without_repeats

    _read(without_repeats, [name for name, _ in headers])
    return dict(headers)


def _read(read: Any, given: Any, about: str = "", instead: str = "") -> Any:
    """Return what is read from an option; where the fault is `about` something, the option to use instead is named."""
    try:
        return read(given)
    except ValueError as problem:
        raise click.BadParameter(f"{problem}{instead if about in str(problem) else ''}.") from None
