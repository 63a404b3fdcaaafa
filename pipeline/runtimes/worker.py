"""The parent's side of the JSON-lines protocol: `Worker` calls functions in an engine environment."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Self

from pipeline.base.errors import WorkerError
from pipeline.base.progress import Reporter
from pipeline.runtimes.process import GuardedProcess, engine_environment
from pipeline.runtimes.rootcause import cause_of_death

_ADVICE = {
    "no space left": "Free disk space and run the command again.",
    "out of memory": "Free memory, or use a smaller setting, and run the command again.",
    "can't allocate memory": "Free memory, or use a smaller setting, and run the command again.",
}
_SHOWN = 80


class Worker:
    """One worker process; a context manager, killed with its parent."""

    def __init__(
        self,
        python: Path,
        script: Path,
        *,
        log: Path,
        reporter: Reporter,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        self._title = script.stem.replace("_", " ")
        self._reporter = reporter
        self._python = python
        self._process = GuardedProcess(
            [str(python), str(script)], log=log, environment=engine_environment(environment), pipes=True, cwd=cwd
        )

    def call(self, name: str, request: Mapping[str, Any], text: str) -> dict[str, Any]:
        """Return the worker's answer to one request, showing its progress under `text`.

        Raises:
            WorkerError: the worker failed or died; the message has the root cause and the log's path.
        """
        try:
            self._process.stdin.write(json.dumps({"call": name, "request": dict(request)}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        with self._reporter.task(text) as task:
            for line in self._process.stdout:
                message = self._message(line)
                if message["event"] == "progress":
                    task.update(done=message["done"], total=message["total"], text=f"{text}: {message['text']}")
                elif message["event"] == "error":
                    problem = f"{message['kind']}: {message['message'].rstrip('.')}"
                    raise WorkerError(f"The {self._title} worker failed: {problem}. {_advice(problem)}", log=self.log)
                else:
                    answer: dict[str, Any] = message["data"]
                    return answer
        raise self._died()

    def _message(self, line: str) -> dict[str, Any]:
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:
            raise WorkerError(
                f"{self._python} was to run the {self._title} worker, and says '{line.strip()[:_SHOWN]}' instead. "
                "Check that it is a Python interpreter (`awqctl env ls`).",
                log=self.log,
            ) from None
        return message

    def _died(self) -> WorkerError:
        cause = cause_of_death(self._process.process.wait(), self._process.log_text())
        return WorkerError(f"The {self._title} worker ended: {cause}", log=self.log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.__exit__(None, None, None)


def _advice(problem: str) -> str:
    """Return what to do about a worker's failure."""
    for sign, advice in _ADVICE.items():
        if sign in problem.lower():
            return advice
    return "Look at the log, and run the command again."


def worker_script(name: str) -> Path:
    """Return the path of a worker file that runs in an engine environment."""
    return Path(str(resources.files("pipeline.runtimes"))) / "workers" / f"{name}.py"
