"""`Moment`: a time as files have it, which every reader can compare with the present."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator


def _checked(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("it names no time zone")
    return text


Moment = Annotated[str, AfterValidator(_checked)]
"""ISO 8601 with a time zone."""
