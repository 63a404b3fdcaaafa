"""The style of messages: sentences, as far as their text shows it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.base import errors

REPO = Path(__file__).parents[2]
ERRORS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.AwqctlError)}
BEHIND_A_KEY = {"eval/arms/foreign_arm.py"}
"""Their sentences stand behind "arms, NAME: "."""
_START = re.compile(r"[A-Z{'`]|--|vLLM|lm-eval|[a-z_]+\.[a-z_.]+\b|arms, \{")
"""A capital, something that is filled in, a name or an option as it is written, or a key of the recipe."""


def text(node: ast.expr) -> str | None:
    """Return a string as it stands in the source, what is filled in as `{}`; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join((text(part) or "") if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def messages() -> Iterator[tuple[str, str]]:
    """Yield the place and the message of every error that is made from a string."""
    for path in (path for top in ("pipeline", "eval", "serve") for path in (REPO / top).rglob("*.py")):
        place = str(path.relative_to(REPO))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                message = text(node.args[0])
                if message is not None and place not in BEHIND_A_KEY:
                    yield f"{place}:{node.lineno}", message


def test_messages_are_sentences() -> None:
    """Each begins as a sentence or a key does, and ends with a full stop or with another sentence."""
    found = dict(messages())
    assert len(found) > 100
    assert {place: said for place, said in found.items() if not _START.match(said)} == {}
    assert {place: said for place, said in found.items() if not said.rstrip().endswith((".", "}"))} == {}
