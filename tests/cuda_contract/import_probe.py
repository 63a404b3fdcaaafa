"""Runs in an engine's environment: resolves what our workers import from it, call, override and patch.

Standard input: `files` (workers) and `instances` (by worker: `module:Class` by the name that it gives to an object of
that class). Answer: `checked` (how many names, calls and methods) and `problems`, one sentence each.
"""

import ast
import importlib
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Worker:
    """One worker file and what it takes from the environment; `problems` has what is not there."""

    def __init__(self, path: Path, instances: dict[str, str], own: set[str]) -> None:
        self.checked = 0
        self.problems: list[str] = []
        self._path = path
        self._tree = ast.parse(path.read_text())
        self._names: dict[str, Any] = {}
        self._classes = {name: class_named(place) for name, place in instances.items()}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    if (getattr(node, "module", None) or alias.name).split(".")[0] not in own | sys.stdlib_module_names:
                        self._import(node, alias)

    def check(self) -> None:
        """Check all attributes of imported names, all calls of them, and all classes that are derived from them."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute):
                self._check_attribute(node)
            elif isinstance(node, ast.Call):
                self._check_call(node, self._resolve(node.func), of_object=self._class_of(node.func) is not None)
            elif isinstance(node, ast.ClassDef):
                for base in filter(inspect.isclass, map(self._resolve, node.bases)):
                    self._check_subclass(node, base)

    def _import(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> None:
        self.checked += 1
        try:
            if isinstance(node, ast.Import):
                module = importlib.import_module(alias.name)
                self._names[alias.asname or alias.name] = module
            else:
                self._names[alias.asname or alias.name] = member(str(node.module), alias.name)
        except Exception as problem:
            self._fail(node, f"'{ast.unparse(node)}' raises {type(problem).__name__}: {problem}")

    def _fail(self, node: Any, text: str) -> None:
        self.problems.append(f"{self._path.name}:{node.lineno} {text}")

    def _class_of(self, node: ast.expr) -> Any:
        """Return the class of the object whose attribute this is, where `instances` tells it."""
        holder = node.value if isinstance(node, ast.Attribute) else None
        return self._classes.get(holder.id) if isinstance(holder, ast.Name) else None

    def _resolve(self, node: ast.expr) -> Any:
        """Return what an expression such as `awq_quantizer.tqdm` is; None where it is nothing of the environment's."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute):
            return getattr(self._class_of(node) or self._resolve(node.value), node.attr, None)
        return None

    def _check_attribute(self, node: ast.Attribute) -> None:
        found, holder = self._class_of(node), self._resolve(node.value)
        if found is not None:
            self._check_member(node, found)
        elif holder is not None:
            self.checked += 1
            if not hasattr(holder, node.attr):
                self._fail(node, f"uses {ast.unparse(node)}, which is not there")

    def _check_member(self, node: ast.Attribute, found: type) -> None:
        self.checked += 1
        if not hasattr(found, node.attr) and node.attr not in words(found):
            self._fail(node, f"uses {node.attr} of {found.__name__}, which has none")

    def _check_call(self, node: ast.Call, called: Any, *, of_object: bool) -> None:
        keywords = [keyword.arg for keyword in node.keywords]
        if callable(called) and None not in keywords and not any(isinstance(one, ast.Starred) for one in node.args):
            self._check_arguments(node, called, len(node.args) + of_object, [str(keyword) for keyword in keywords])

    def _check_arguments(self, node: ast.AST, called: Any, positional: int, keywords: list[str]) -> None:
        try:
            signature = inspect.signature(called)
        except (TypeError, ValueError):  # written in C
            return
        self.checked += 1
        try:
            signature.bind_partial(*[None] * positional, **dict.fromkeys(keywords))
        except TypeError as problem:
            self._fail(node, f"does not fit {called.__qualname__}{signature}: {problem}")

    def _check_subclass(self, node: ast.ClassDef, base: type) -> None:
        """Check that what is overridden takes the same arguments, and that what is used of the base is there."""
        methods = {method.name: method for method in node.body if isinstance(method, ast.FunctionDef)}
        for name in methods.keys() & set(dir(base)) - {"__init__"}:
            arguments = methods[name].args
            if arguments.vararg is None:
                self._check_arguments(methods[name], getattr(base, name), len(arguments.args), [])
        for used in inherited(node, set(methods)):
            self._check_member(used, base)
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and is_super(call.func.value):
                self._check_call(call, getattr(base, call.func.attr, None), of_object=call.func.attr != "__init__")


def inherited(node: ast.ClassDef, methods: set[str]) -> Iterator[ast.Attribute]:
    """Yield what a class uses of `super()`, and of `self` without setting it."""
    attributes = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    mine = methods | {each.attr for each in attributes if is_self(each.value) and isinstance(each.ctx, ast.Store)}
    for each in attributes:
        if is_super(each.value) or (is_self(each.value) and each.attr not in mine):
            yield each


def is_self(node: ast.expr) -> bool:
    """Return whether an expression is `self`."""
    return isinstance(node, ast.Name) and node.id == "self"


def is_super(node: ast.expr) -> bool:
    """Return whether an expression is `super()`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def words(found: type) -> set[str]:
    """Return all names in the source of a class and its bases, because its objects' attributes are among them."""
    trees = (ast.parse(textwrap.dedent(inspect.getsource(each))) for each in found.__mro__ if each is not object)
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


def class_named(place: str) -> Any:
    """Return the class that `module:Class` names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def member(module: str, name: str) -> Any:
    """Return what `from module import name` gives."""
    return getattr(__import__(module, fromlist=[name]), name)


def main() -> None:
    """Answer into the file that is named on the command line."""
    question, place = json.load(sys.stdin), Path(sys.argv[1])
    paths = [Path(name) for name in question["files"]]
    workers = [Worker(path, question["instances"].get(path.stem, {}), {one.stem for one in paths}) for path in paths]
    for worker in workers:
        worker.check()
    problems = [problem for worker in workers for problem in worker.problems]
    place.write_text(json.dumps({"checked": sum(worker.checked for worker in workers), "problems": problems}))


if __name__ == "__main__":
    main()
