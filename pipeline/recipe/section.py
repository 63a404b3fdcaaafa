"""What all recipe sections share."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, field_validator

Accelerator = Literal["auto", "cpu", "cuda"]
LARGEST = 10**18
"""Whole numbers beyond fit into no 64 bits, and no machine has that many of anything."""
Integer = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
NonNegativeInt = Annotated[int, Field(ge=0, le=LARGEST)]
PositiveInt = Annotated[int, Field(gt=0, le=LARGEST)]
PositiveFloat = Annotated[float, Field(gt=0, le=LARGEST)]
NonNegativeFloat = Annotated[float, Field(ge=0, le=LARGEST)]


class Section(BaseModel):
    """Base of all recipe sections: immutable, strict about keys, and no number is infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _refuse_truth_as_number(cls, value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        """Refuse true and false where numbers are meant; pydantic takes them for 1 and 0."""
        found = read(value)
        pairs = zip(value, found, strict=False) if isinstance(value, list) else [(value, found)]
        if any(isinstance(given, bool) and isinstance(got, int | float) and got is not given for given, got in pairs):
            raise ValueError("Input should be a number, not true or false")
        return found
