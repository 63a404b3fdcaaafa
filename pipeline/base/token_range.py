"""Lengths of prompts and answers in recipes and results: a number, or a range such as `128-1024`."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from pipeline.base.results import Result

_Count = Annotated[int, Field(gt=0, le=10**18)]


class TokenRange(Result):
    """Least and most tokens; lengths are drawn uniformly from both and what is between."""

    low: _Count
    high: _Count

    @classmethod
    def fixed(cls, tokens: int) -> Self:
        """Return one length for all."""
        return cls(low=tokens, high=tokens)

    @property
    def middle(self) -> int:
        """Return the mean length, to a whole token."""
        return (self.low + self.high + 1) // 2

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"the range {self.low}-{self.high} ends before it begins")
        return self

    def __str__(self) -> str:
        """Return it as a recipe has it."""
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


def _read(given: Any) -> Any:
    if isinstance(given, TokenRange | dict):
        return given
    low, _, high = (part.strip() for part in str(given).partition("-"))
    if isinstance(given, bool) or not low.isdecimal() or not (high or low).isdecimal() or not int(low):
        raise ValueError(f"'{given}' is neither a number of tokens nor a range such as 128-1024")
    return {"low": int(low), "high": int(high or low)}


def _written(tokens: TokenRange) -> int | str:
    return tokens.low if tokens.low == tokens.high else str(tokens)


Tokens = Annotated[TokenRange, BeforeValidator(_read), PlainSerializer(_written)]
"""In a recipe and in records a number, where it is one."""
