"""Runs in a `vllm` environment: lets vLLM's own parsers read arguments, as far as a server gets without a GPU.

Standard input: `accelerator`, `module` (that starts the server) and `server` (lists of arguments by name). Answer:
`readings` by name (see `read`), `deprecations` that vLLM warns of, and what `read_by_server` adds.
"""

import ctypes
import dataclasses
import importlib
import json
import logging
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

parsers: list[Any] = []
"""That were used, the latest last."""


class Deprecations(logging.Handler):
    """Keeps what vLLM logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.said.append(record.getMessage())


def choose_cuda() -> None:
    """Let vLLM take this machine for one with a GPU; without a driver its compiled kernels stay out."""
    import vllm
    from vllm import platforms

    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        for library in Path(vllm.__file__).parent.glob("*.so"):
            name = f"vllm.{library.name.split('.')[0]}"
            sys.modules[name] = types.ModuleType(name)
    from vllm.platforms.cuda import CudaPlatform

    platforms._current_platform = CudaPlatform()


def watch_parsers() -> Any:
    """Return the class of vLLM's parsers; each that is used is kept, and raises where it would end the process."""
    from vllm.utils.argparse_utils import FlexibleArgumentParser as Parser

    def error(_parser: Any, message: str) -> NoReturn:
        raise ValueError(message)

    def parse_args(parser: Any, *arguments: Any) -> Any:
        parsers.append(parser)
        return original(parser, *arguments)

    original, Parser.parse_args, Parser.error = Parser.parse_args, parse_args, error
    return Parser


def started_with(module: Any, arguments: list[str]) -> dict[str, Any]:
    """Return what a server would run with: its `main`, up to the point where it builds the engine."""
    from vllm.engine.arg_utils import AsyncEngineArgs

    reached: list[Any] = []

    async def run_server(namespace: Any) -> None:
        reached.append(namespace)

    module.run_server = run_server
    sys.argv = [module.__name__, *arguments]
    module.main()
    engine = AsyncEngineArgs.from_cli_args(reached[0])
    return plain(vars(reached[0]) | {field.name: getattr(engine, field.name) for field in dataclasses.fields(engine)})


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that JSON has, too; what recipes set is among them."""
    return {name: value for name, value in values.items() if isinstance(value, str | int | float | list | None)}


def read(arguments: list[str], parse: Callable[[list[str]], dict[str, Any]]) -> dict[str, Any]:
    """Return the `values` that were read or an `error`, and which options are `unknown` or `deprecated`."""
    try:
        answer: dict[str, Any] = {"values": parse(arguments), "error": None}
    except (Exception, SystemExit) as problem:
        answer = {"values": {}, "error": f"{type(problem).__name__}: {problem}"}
    if not parsers:
        return answer | {"unknown": [], "deprecated": []}
    known = parsers[-1]._option_string_actions
    options = [argument.split("=")[0] for argument in arguments if argument.startswith("--")]
    return answer | {
        "unknown": [option for option in options if option not in known],
        "deprecated": [option for option in options if option in known and is_deprecated(known[option])],
    }


def is_deprecated(action: Any) -> bool:
    """Return whether an option is, by Python 3.13's own flag, by vLLM's or by its help."""
    flagged = getattr(action, "deprecated", False) or action in getattr(parsers[-1], "_deprecated", ())
    return bool(flagged or "deprecated" in (action.help or "").lower())


def read_by_server(question: dict[str, Any]) -> dict[str, Any]:
    """Return `options` (all that the server knows), `variables` (of the environment, too) and `readings` by name."""
    if question["accelerator"] == "cuda":
        choose_cuda()
    watch_parsers()
    module = importlib.import_module(question["module"])
    lines = question["server"].items()
    readings = {name: read(arguments, lambda given: started_with(module, given)) for name, arguments in lines}
    from vllm import envs

    options = sorted(parsers[-1]._option_string_actions) if parsers else []
    return {"options": options, "variables": sorted(envs.environment_variables), "readings": readings}


def main() -> None:
    """Answer into the file that is named on the command line."""
    question, place = json.load(sys.stdin), Path(sys.argv[1])
    log = Deprecations()
    logging.getLogger("vllm").addHandler(log)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        answer = read_by_server(question)
    # Deprecations in other packages are for vLLM to mend.
    said = [*log.said, *(str(one.message) for one in warned if "vllm" in str(one.message).lower())]
    answer["deprecations"] = [text for text in said if "deprecated" in text.lower()]
    place.write_text(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()
