"""What stands behind the options of `awqctl bench --endpoint`: lists, ranges, addresses, headers."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipeline.base.token_range import TokenRange

MOST_CONCURRENT = 10_000


def tokens(_context: click.Context, _parameter: click.Parameter, value: str) -> "TokenRange":
    """Return a number of tokens, or a range of them, as recipes have it."""
    from pydantic import TypeAdapter, ValidationError

    from pipeline.base.token_range import TokenRange, Tokens

    try:
        return TypeAdapter[TokenRange](Tokens).validate_python(value)
    except ValidationError as problem:
        raise click.BadParameter(f"{problem.errors()[0]['msg'].removeprefix('Value error, ')}.") from problem


def rising(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Return rising numbers that are separated by commas."""
    try:
        numbers = tuple(int(part) for part in value.split(","))
    except ValueError:
        numbers = (0,)
    if list(numbers) != sorted(set(numbers)) or not 0 < numbers[0] <= numbers[-1] <= MOST_CONCURRENT:
        raise click.BadParameter(f"'{value}' is not a list of rising numbers from 1 to {MOST_CONCURRENT}, like 1,16.")
    return numbers


def rates(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    """Return rising rates that are separated by commas; none without."""
    if value is None:
        return ()
    try:
        numbers = tuple(float(part) for part in value.split(","))
    except ValueError:
        numbers = (0.0,)
    if list(numbers) != sorted(set(numbers)) or not all(math.isfinite(each) and each > 0 for each in numbers):
        raise click.BadParameter(f"'{value}' is not a list of rising rates, like 0.5,2,8.")
    return numbers


def address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the address of a server, unless it is none."""
    if value is not None and not (value.startswith(("http://", "https://")) and value.partition("://")[2].strip("/")):
        raise click.BadParameter(f"'{value}' is no address of a server; write it like http://host:8000.")
    return value


def with_tokenizer(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Return the folder of a tokenizer, unless there is none in it."""
    if value is not None and not any(value.glob("tokenizer*")):
        raise click.BadParameter(f"{value} has no tokenizer.json; give the folder of the model's tokenizer.")
    return value


def plain_headers(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """Return headers with their values."""
    from pipeline.base.headers import plain_header

    return dict(_each(plain_header, value, " (--header-env NAME=VAR)"))


def secret_headers(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """Return headers with the variables that hold their values."""
    from pipeline.base.headers import secret_header

    return dict(_each(secret_header, value, " (--api-key-env VAR)"))


def _each(read: Any, texts: tuple[str, ...], instead: str) -> list[tuple[str, str]]:
    try:
        return [read(text) for text in texts]
    except ValueError as problem:
        raise click.BadParameter(f"{problem}{instead if 'variable' in str(problem) else ''}.") from problem
