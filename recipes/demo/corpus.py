"""The demo model's data: which standard library files it is trained on and which it never sees.

The corpus is the `Lib` folder of the interpreter that runs the script. Files fall into three groups:

- held out: a choice of library modules, made by hashing their names with the seed, for the evaluation;
- training: the other library files, and the test suite without what tests a held-out module;
- left out: generated tables and data, exact duplicates, and whatever repeats text of a held-out module.

Standard library only, so that the tests of the shipped data need nothing else.
"""

import hashlib
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SEED = 20261120
HELD_OUT_MODULES = 30
HELD_OUT_BYTES = range(5_000, 60_000)
"""Size in bytes of a module that may be held out: long enough to ask about, short enough to hold out many."""

PACKAGES = frozenset(
    {
        *("asyncio", "collections", "concurrent", "ctypes", "curses", "dbm", "email", "html", "http"),
        *("importlib", "json", "logging", "multiprocessing", "re", "sqlite3", "tomllib", "unittest"),
        *("urllib", "venv", "wsgiref", "xml", "xmlrpc", "zoneinfo"),
    }
)
"""Packages whose modules may be held out, beside the top-level modules."""

SKIPPED_FOLDERS = frozenset({"site-packages", "__pycache__", "pydoc_data", "lib2to3", "lib-dynload"})
SKIPPED_TESTS = frozenset({"encoded_modules", "data", "decimaltestdata", "cjkencodings"})
SHORTEST_FILE = 200
"""Characters; what is shorter is an empty package or a stub."""

LONGEST_LINE = 400
"""Characters; what is longer is data."""

WINDOW_LINES = 3
TELLING_LINE = 10
"""Characters, stripped, of a line that two files do not share by chance."""

SHARED_WINDOWS = 0.01
"""A training file may share this part of its windows with the held-out text (licence headers, idioms)."""


@dataclass(frozen=True)
class Module:
    """One source file: its path inside `Lib`, and its text without carriage returns and trailing spaces."""

    path: str
    text: str

    @property
    def is_test(self) -> bool:
        """Whether the file belongs to a test suite."""
        return bool({"test", "tests", "idle_test"} & set(PurePosixPath(self.path).parts))


@dataclass(frozen=True)
class Corpus:
    """The split: modules to train on and modules held out, each sorted by path."""

    training: tuple[Module, ...]
    held_out: tuple[Module, ...]

    def sha256(self) -> str:
        """Return one digest over paths and texts of both parts: equal digests mean equal data."""
        digest = hashlib.sha256()
        for part in (self.training, self.held_out):
            for module in part:
                digest.update(f"{module.path}\0{len(module.text)}\0{module.text}".encode())
        return digest.hexdigest()

    def shared_windows(self) -> float:
        """Return the part of the held-out runs of three lines that occur anywhere in the training part."""
        held_out = set().union(*(windows(module.text) for module in self.held_out))
        training = set().union(*(windows(module.text) & held_out for module in self.training))
        return len(training) / len(held_out)


def library_folder() -> Path:
    """Return the running interpreter's `Lib` folder."""
    return Path(sysconfig.get_path("stdlib"))


def is_code(path: PurePosixPath, text: str) -> bool:
    """Whether a file is source that someone wrote, not a table, a platform dump or a broken sample."""
    if SKIPPED_FOLDERS & set(path.parts) or path.name.startswith(("bad", "_sysconfigdata")):
        return False
    if path.parts[0] == "encodings" and "charmap" in text:
        return False
    if path.parts[0] == "test" and SKIPPED_TESTS & set(path.parts):
        return False
    lines = text.splitlines()
    return len(text) >= SHORTEST_FILE and max(map(len, lines)) <= LONGEST_LINE


def read_library(folder: Path) -> Iterator[Module]:
    """Yield the code files under `folder`, sorted by path, each text once."""
    seen = set()
    for file in sorted(folder.rglob("*.py"), key=lambda file: file.relative_to(folder).as_posix()):
        path = PurePosixPath(file.relative_to(folder).as_posix())
        try:
            raw = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        text = "\n".join(line.rstrip() for line in raw.split("\n")).strip("\n") + "\n"
        if text not in seen and is_code(path, text):
            seen.add(text)
            yield Module(str(path), text)


def may_be_held_out(module: Module) -> bool:
    """Whether a module is library code of a size that makes a fair question."""
    parts = PurePosixPath(module.path).parts
    known = len(parts) == 1 or parts[0] in PACKAGES
    return known and not module.is_test and len(module.text.encode()) in HELD_OUT_BYTES


def choose_held_out(modules: Iterable[Module], count: int = HELD_OUT_MODULES, seed: int = SEED) -> list[Module]:
    """Return `count` modules in the order of a hash of seed and path, so that no one picks favourites."""
    candidates = [module for module in modules if may_be_held_out(module)]
    order = sorted(candidates, key=lambda module: hashlib.sha256(f"{seed}:{module.path}".encode()).digest())
    return order[:count]


def covers(path: str, module: Module) -> bool:
    """Whether the file at `path` tests `module`, by the naming of CPython's test suite."""
    if not Module(path, "").is_test:
        return False
    own = PurePosixPath(module.path)
    stem = (own.parent.name if own.stem == "__init__" else own.stem).lstrip("_")
    names = {f"test_{stem}", f"test_{own.parts[0]}_{stem}", f"{stem}tester"}
    parts = [PurePosixPath(part).stem for part in PurePosixPath(path).parts]
    if any(part in names or part.startswith(f"test_{stem}_") for part in parts):
        return True
    return len(own.parts) > 1 and PurePosixPath(path).name == f"test_{own.parts[0]}.py"


def windows(text: str) -> set[tuple[str, ...]]:
    """Return every run of three consecutive telling lines (`TELLING_LINE`)."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if len(line) >= TELLING_LINE]
    return {tuple(lines[at : at + WINDOW_LINES]) for at in range(len(lines) - WINDOW_LINES + 1)}


def split(folder: Path) -> Corpus:
    """Read the library under `folder` and return its training and held-out parts."""
    modules = list(read_library(folder))
    held_out = choose_held_out(modules)
    hidden = {module.path for module in held_out}
    known: set[tuple[str, ...]] = set().union(*(windows(module.text) for module in held_out))
    training = []
    for module in modules:
        if module.path in hidden or any(covers(module.path, held) for held in held_out):
            continue
        own = windows(module.text)
        if len(own & known) <= SHARED_WINDOWS * len(own):
            training.append(module)
    return Corpus(tuple(training), tuple(sorted(held_out, key=lambda module: module.path)))
