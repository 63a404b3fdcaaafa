"""`Auditing`: the audit of a running endpoint, between the recorder, the door and the engines."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pipeline.base.progress import Reporter
from pipeline.engines.production import Middleware
from pipeline.recipe.serve import AuditSettings
from serve.audit.recorder import AuditRecorder
from serve.audit.status import AuditStatus
from serve.endpoint import EndpointFolder
from serve.gateway.backends import Place
from serve.gateway.limits import TokenBudgets
from serve.gateway.rules import KeyRule
from serve.supervisor.refusals import Refusals

_USAGE = "vllm_usage.UsageLines"
_USAGE_FILE, _KEPT_FOLDER = "AWQCTL_USAGE_FILE", "AWQCTL_KEPT_FOLDER"


class Auditing:
    """Entered before HAProxy and the engines start, and left after they have ended; a context manager.

    Args:
        folder: of the endpoint.
        settings: of the audit.
        logs: folder of the writer's log.
        reporter: warned about problems.
        refusals: told to answer nothing while nothing can be kept, where the recipe is strict.

    Raises:
        EnvironmentLackError: the endpoint's folder cannot be written.
    """

    def __init__(
        self, folder: EndpointFolder, settings: AuditSettings, *, logs: Path, reporter: Reporter, refusals: Refusals
    ) -> None:
        self._settings = settings
        self._refusals = refusals
        self._budgets = TokenBudgets()
        self._spent: dict[str, int] = {}
        self._recorder = AuditRecorder(
            folder, settings, log=logs / "serve-audit.log", reporter=reporter, on_problem=self._on_problem
        )
        self.lines = self._recorder.door_file()
        """File that HAProxy writes a line to for each request."""

    def __enter__(self) -> Self:
        self._recorder.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._recorder.__exit__(*exc)

    def middlewares(self, place: Place) -> tuple[Middleware, ...]:
        """Return what has the server of an engine in that place write down its usage."""
        environment = {
            _USAGE_FILE: str(self._recorder.usage_file(place.server)),
            _KEPT_FOLDER: str(self._recorder.kept_folder),
        }
        return (Middleware(_USAGE, environment),)

    def serving(self, place: Place, release: str) -> None:
        """Tell which release takes a place."""
        self._recorder.name_release(place.server, release)

    def event(self, text: str) -> None:
        """Put a sentence about what the supervisor did into the audit."""
        self._recorder.event(text)

    def status(self) -> AuditStatus:
        """Return how the audit is."""
        return self._recorder.status()

    def dropped(self, count: int) -> None:
        """Tell how many lines HAProxy could not write since it started."""
        self._recorder.dropped(count)

    def name_keys(self, rules: Iterable[KeyRule]) -> None:
        """Tell what keys are called, before the door lets them in."""
        self._recorder.name_keys({key.id: key.name for key in rules})

    def over_budget(self, rules: Iterable[KeyRule]) -> dict[str, int]:
        """Return the ids of the keys that have used up their minute's tokens, and after how many seconds they may come.

        Called at least once a second.
        """
        now = time.monotonic()
        for key, tokens in self._recorder.spent().items():
            self._budgets.add(key, tokens.total - self._spent.get(key, 0), now)
            self._spent[key] = tokens.total
        return self._budgets.over(rules, now)

    def _on_problem(self, problem: str | None) -> None:
        if self._settings.strict:
            self._refusals.set("audit", problem)
