"""Code that comes with a model: found, listed, and refused unless the recipe trusts it.

A configuration names classes under `auto_map`; transformers and vLLM import them from Python files beside the weights
when they are told to trust the model. Formats as in transformers/dynamic_module_utils.py.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pipeline.base.errors import SourceError

if TYPE_CHECKING:
    from pipeline.recipe.model import ModelSource

_CONFIGS = "*config*.json"
"""config.json, its versions (config.4.0.0.json), and those of tokenizer, generation and processors."""
_CLASS = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_]\w*)+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_RUN_WHEN_TRUSTED = "custom_generate/generate.py"
"""transformers runs it for every trusted model that has it, without being asked for it."""


@dataclass(frozen=True)
class CustomCode:
    """The code a model asks to run."""

    files: tuple[str, ...] = ()
    """Python files, relative to the model: those that hold the classes, and what these import from beside them. Files
    that are named but not there are listed, too."""
    classes: tuple[str, ...] = ()
    """`config.json: modeling_x.XForCausalLM`; empty for a model without code of its own."""
    digest: str = ""
    """SHA-256 over names and contents of `files`; empty where there is none."""


def custom_code(folder: Path) -> CustomCode:
    """Return the code that the model in `folder` asks to run, without running any.

    Raises:
        SourceError: a configuration cannot be read, or names code in another repository or outside the folder.
    """
    found = [(path.name, name) for path in sorted(folder.glob(_CONFIGS)) for name in sorted(set(_named(_read(path))))]
    for config, name in found:
        _refuse_code_elsewhere(config, name)
    if not found:
        return CustomCode()
    modules = {PurePosixPath(name.rpartition(".")[0].replace(".", "/") + ".py") for _, name in found}
    files = _with_imports(folder, modules)
    return CustomCode(files, tuple(f"{config}: {name}" for config, name in found), _digest(folder, files))


def check_trust(folder: Path, source: "ModelSource", commit: str | None = None) -> CustomCode:
    """Return the code of a model that may run: none, or what the recipe trusts.

    Args:
        folder: the model; its Python files need not be there unless the recipe trusts it.
        source: the recipe's section.
        commit: of a hub model; named in the advice.

    Raises:
        SourceError: the model asks to run code and the recipe does not allow it, or the code is not there.
    """
    code = custom_code(folder)
    if code.classes and not source.trust_remote_code:
        pin = f" and model.revision={commit}" if commit else ""
        raise SourceError(
            f"{source.source} asks to run Python code that comes with it ({', '.join(code.files)}, for "
            f"{'; '.join(code.classes)}), and the recipe does not allow that. Read that code and what it imports, then "
            f"set model.trust_remote_code=true{pin}; where transformers knows the architecture itself, a copy of the "
            f"model without auto_map needs no code."
        )
    missing = [name for name in code.files if not (folder / name).is_file()]
    if missing:
        raise SourceError(f"{source.source} names code that it does not hold: {', '.join(missing)}. Get it whole.")
    return code


def check_pinned(source: "ModelSource") -> None:
    """Refuse to trust the code of a hub model that is not pinned to one commit, before anything is fetched.

    Raises:
        SourceError: the recipe trusts a branch, a tag or a shortened commit.
    """
    if source.trust_remote_code and not is_commit(source.revision):
        raise SourceError(
            f"model.trust_remote_code would run whatever {source.source} holds at the time, because model.revision is "
            f"{source.revision or 'not set'}. Set it to the full 40-digit commit whose code you have read."
        )


def is_commit(revision: str | None) -> bool:
    """Return whether a revision is a whole commit, 40 hexadecimal digits, which cannot move."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def read_config(path: Path) -> dict[str, Any]:
    """Return a JSON object that came with a model.

    Raises:
        SourceError: it is not there, or is not a JSON object.
    """
    document = _read(path)
    if not isinstance(document, dict):
        raise SourceError(f"{path} is not a JSON object. Copy or download the model again.")
    return document


def _read(path: Path) -> Any:
    if not path.is_file():  # a named pipe would be waited for
        raise SourceError(f"{path} is missing. Copy or download the model again.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"{path} is not JSON. Copy or download the model again.") from problem


def _named(document: Any) -> Iterator[str]:
    """Yield what a configuration would import: classes under `auto_map`, and kernels of the hub."""
    for key, value in document.items() if isinstance(document, dict) else ():
        if key == "auto_map":
            yield from _strings(value)
        elif key.endswith("_implementation"):
            yield from (name for name in _strings(value) if "/" in name)
        else:
            yield from _named(value)
    if isinstance(document, list):
        for item in document:
            yield from _named(item)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _refuse_code_elsewhere(config: str, name: str) -> None:
    if "--" in name or "/" in name:
        raise SourceError(
            f"{config} asks to run code of another repository ({name}), which no revision of this one pins. It is "
            f"always refused; copy that code beside the model, name it there, and give the folder as model.source."
        )
    if not _CLASS.fullmatch(name):
        raise SourceError(f"{config}: auto_map names {name!r}, which is no class of a file. Correct it in a copy.")


def _with_imports(folder: Path, modules: set[PurePosixPath]) -> tuple[str, ...]:
    """Return the modules and all they import from beside them, however far."""
    pending = [*modules, *(PurePosixPath(name) for name in (_RUN_WHEN_TRUSTED,) if (folder / name).is_file())]
    found: set[PurePosixPath] = set()
    while pending:
        module = pending.pop()
        if module not in found:
            found.add(module)
            pending += [name for name in _imports(folder, module) if (folder / name).is_file()]
    return tuple(sorted(str(module) for module in found))


def _imports(folder: Path, module: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield where the relative imports of a module may lie."""
    try:
        tree = ast.parse((folder / module).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(module.parents):
            base = module.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for target in (base, *(base / alias.name for alias in node.names)):
                yield from (target.with_name(f"{target.name}.py"),) if target.name else ()
                yield target / "__init__.py"


def _digest(folder: Path, files: tuple[str, ...]) -> str:
    present = [name for name in files if (folder / name).is_file()]
    sums = [f"{name}:{hashlib.sha256((folder / name).read_bytes()).hexdigest()}" for name in present]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest() if sums else ""
