"""What all recipe sections share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Accelerator = Literal["auto", "cpu", "cuda"]
LARGEST = 10**18
"""Whole numbers beyond fit into no 64 bits, and no machine has that many of anything."""
Integer = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
NonNegativeInt = Annotated[int, Field(ge=0, le=LARGEST)]
PositiveInt = Annotated[int, Field(gt=0, le=LARGEST)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """Base of all recipe sections: immutable, strict about keys, and no number is infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
