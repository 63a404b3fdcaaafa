"""What a pre-flight says about one thing that it looked at."""

from typing import Literal

from pipeline.base.results import Result
from pipeline.quantize.backends import Obstacle

Status = Literal["ok", "warning", "impossible", "unchecked"]


class Check(Result):
    """One thing that was looked at."""

    name: str
    status: Status
    statement: str
    advice: str = ""
    """What to do about it."""

    @classmethod
    def of_obstacle(cls, name: str, obstacle: Obstacle) -> "Check":
        """Return an obstacle as a check that is impossible."""
        return cls(name=name, status="impossible", statement=f"{obstacle.statement}.", advice=obstacle.advice)

    @classmethod
    def ok(cls, name: str, statement: str) -> "Check":
        """Return a check without a finding."""
        return cls(name=name, status="ok", statement=statement)

    @classmethod
    def warning(cls, name: str, statement: str, advice: str) -> "Check":
        """Return a doubtful one."""
        return cls(name=name, status="warning", statement=statement, advice=advice)
