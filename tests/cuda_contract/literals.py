"""What a program can write: the string literals of its source, with one mark for every value that is put in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

VALUE = "\0"
"""Stands for `%s`, `%.2f` and the like, and for what braces hold in an f-string."""
_CONVERSION = re.compile(r"%[-#0 +]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa]")


def normalized(text: str) -> str:
    """Return a format string with the mark for its conversions."""
    return _CONVERSION.sub(VALUE, text)


def literals_below(folder: Path) -> str:
    """Return the literals of all Python files below a folder, and the names of their classes, one after another."""
    return "\n".join(text for path in sorted(folder.rglob("*.py")) for text in _literals(ast.parse(path.read_bytes())))


def literals_of(path: Path, name: str, method: str) -> str:
    """Return the literals of one method of a class; empty where there is no such thing."""
    classes = (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.ClassDef))
    methods = (node for found in classes if found.name == name for node in found.body)
    chosen = (node for node in methods if isinstance(node, ast.FunctionDef) and node.name == method)
    return "\n".join(text for node in chosen for text in _literals(node))


def _literals(tree: ast.AST) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else VALUE for part in node.values)
            yield normalized("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield normalized(node.value)
        elif isinstance(node, ast.ClassDef):
            yield node.name  # a traceback writes it
        # Docstrings stand alone in a statement, and are never written.
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            waiting.extend(ast.iter_child_nodes(node))
