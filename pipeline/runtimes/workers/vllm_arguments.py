"""Worker: lets vLLM's own parser read a server's arguments, without a server, a model or a GPU.

Runs in the `vllm` environment.

`read`: `module` (that starts the server), `arguments` -> `problem` (what vLLM's parser says of them; null where it
takes them) and `version`.

`routes`: the same -> `routes` (of the application that vLLM would serve with them, for every task and in its developer
mode too: method and path) and `version`.

`openapi`: the same -> `openapi` (the application's description of itself) and `version`.
"""

import contextlib
import importlib
import io
import os
import sys
from typing import Any, NoReturn

import worker_protocol
from worker_protocol import Channel


class RefusedError(Exception):
    """What the parser would end the process with."""


def read(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Run the server's `main` up to the point where it would build the engine."""
    channel.progress("loading vLLM's arguments")
    from vllm import __version__

    problem = None
    try:
        _namespace(request)
    except (RefusedError, TypeError, ValueError) as refused:  # of its own look at what belongs together, too
        problem = " ".join(str(refused).split())
    return {"problem": problem, "version": __version__}


def routes(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Read the routes of the application; those of mounted applications by their prefix."""
    app, version = _application(request, channel)
    found = {
        (method, route.path)
        for route in app.routes
        for method in (getattr(route, "methods", None) or {"GET"}) - {"HEAD", "OPTIONS"}
    }
    return {"routes": [" ".join(each) for each in sorted(found, key=lambda each: each[::-1])], "version": version}


def openapi(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Read the application's description of itself."""
    app, version = _application(request, channel)
    return {"openapi": app.openapi(), "version": version}


def _application(request: dict[str, Any], channel: Channel) -> tuple[Any, str]:
    """Return the application, built without an engine and with the routes of its developer mode, and the version."""
    channel.progress("building vLLM's application")
    os.environ["VLLM_SERVER_DEV_MODE"] = "1"
    from vllm import __version__
    from vllm.entrypoints.launchers.app import build_app
    from vllm.tasks import GENERATION_TASKS, POOLING_TASKS

    return build_app(_namespace(request), (*GENERATION_TASKS, *POOLING_TASKS, "render")), __version__


def _namespace(request: dict[str, Any]) -> Any:
    """Return the arguments as the server would have them."""
    module = importlib.import_module(request["module"])
    reached: list[Any] = []

    async def run_server(namespace: Any) -> None:
        reached.append(namespace)

    module.run_server = run_server
    sys.argv = ["vllm", *request["arguments"]]
    with _raising(), contextlib.redirect_stdout(io.StringIO()):
        module.main()
    return reached[0]


@contextlib.contextmanager
def _raising() -> Any:
    """Let the parser raise where it would print its usage and exit."""
    from vllm.utils.argparse_utils import FlexibleArgumentParser as Parser

    def error(_parser: Any, message: str) -> NoReturn:
        raise RefusedError(message)

    original, Parser.error = Parser.error, error
    try:
        yield
    finally:
        Parser.error = original


if __name__ == "__main__":
    worker_protocol.serve({"read": read, "routes": routes, "openapi": openapi})
