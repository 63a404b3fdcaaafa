"""What is read and written is UTF-8 whatever the locale is: every place in the product says so."""

import ast
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_FILES = {"open", "read_text", "write_text", "fdopen", "NamedTemporaryFile", "TemporaryFile"}
_PRODUCT = sorted(path for room in ("pipeline", "eval", "serve", "recipes") for path in (_ROOT / room).rglob("*.py"))


def unspecified(source: str) -> Iterator[int]:
    """Yield the lines that open text, or a child's output as text, in whatever encoding the machine has."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        as_text = any(one.arg == "text" and getattr(one.value, "value", None) is True for one in node.keywords)
        if not as_text and called not in _FILES:
            continue
        given = {keyword.arg for keyword in node.keywords}
        if "encoding" in given or ast.unparse(node.func) in ("os.open", "webbrowser.open", "importlib.open"):
            continue
        modes = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        binary = called not in ("read_text", "write_text") and any(
            set(mode) <= set("rwxab+") for mode in modes if "b" in mode
        )
        positional = called == "read_text" and node.args
        if as_text or not (binary or positional):
            yield node.lineno


def test_every_encoding_is_said() -> None:
    """Linters look at what they know for a path; here all that is called like it counts."""
    found = {path: list(unspecified(path.read_text(encoding="utf-8"))) for path in _PRODUCT}
    assert {str(path.relative_to(_ROOT)): lines for path, lines in found.items() if lines} == {}


def test_forgotten_encodings_are_found() -> None:
    """The search sees each form, and leaves alone what is binary or says its encoding."""
    forgotten = ["p.open()", "p.read_text()", "p.write_text(x)", "os.fdopen(3, 'w')", "run(['b'], text=True)"]
    said = ["p.open('rb')", "p.read_text('utf-8')", "open(p, encoding='utf-8')", "run(a, text=True, encoding='utf-8')"]
    assert [list(unspecified(line)) for line in forgotten] == [[1]] * len(forgotten)
    assert [list(unspecified(line)) for line in said] == [[]] * len(said)
