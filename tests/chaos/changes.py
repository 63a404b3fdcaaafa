"""What operators do on purpose, under traffic: nothing may fail."""

import math
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.chaos.row import Row
from tests.chaos.served import MODEL, Served, Setting, eventually, write_run
from tests.chaos.traffic import Load, Traffic, failed, quantile_ms, running, said, verdicts

_SECONDS = 22.0
_WHOLE, _STREAMS = Load(130, tokens=4), Load(15, tokens=50, stream=True)
"""A stream takes two seconds: whatever happens cuts into some."""
_TPOT_S = 0.04


def reloaded() -> Row:
    """A reload with another setting of the door, and one that replaces every engine."""
    with Served(Setting(tpot_s=_TPOT_S)) as served:
        before = {process.pid for process in served.engines().values()}

        def change() -> str:
            served.edit_recipe(serve={"queue_timeout_s": 61})
            door = _asked(served, "serve", "reload")
            served.edit_recipe(serve={"limits": {"max_n": 8}})
            engines = _asked(served, "serve", "reload")
            kept = before & {process.pid for process in served.engines().values()}
            return f"door: {door}; engines: {'NOT all replaced, ' if kept else ''}{engines}"

        return _under_traffic(served, "reload (door, then every engine)", change)


def certificate_renewed() -> Row:
    """The certificate's files are replaced by new ones."""
    setting = Setting(tpot_s=_TPOT_S)
    with Served(setting, certificates=2) as served:

        def change() -> str:
            before = _presented(served)
            served.use_certificate(2)
            _asked(served, "serve", "reload")
            changed = eventually(lambda: _presented(served) != before, 20, every_s=0.2)
            return "the new one is NOT presented" if changed is None else f"presented {changed:.1f} s later"

        return _under_traffic(served, "certificate renewal", change)


def promoted() -> Row:
    """Another release takes the place of the one that is served, through smoke, canary and shift."""
    with _released() as served:
        return _under_traffic(served, "promote", lambda: _asked(served, "release", "promote", "2", "--yes"))


def rolled_back() -> Row:
    """The release before comes back, after a promotion."""
    with _released() as served:
        before = _asked(served, "release", "promote", "2", "--yes")
        row = _under_traffic(served, "rollback", lambda: _asked(served, "release", "rollback", "--yes"))
    return replace(row, passed=row.passed and before == "done")


@contextmanager
def _released() -> Iterator[Served]:
    """Serve a release, with a second one registered."""
    canary = (
        "serve.canary.seconds=8",
        "serve.canary.requests=60",
        "serve.canary.share=0.2",
        "serve.canary.p95_ratio=5",
    )
    with Served(Setting(replicas=2, tpot_s=_TPOT_S, more=canary)) as served:
        other = served.folder / "other"
        write_run(other, note="another")
        if "NOT" in (added := _asked(served, "release", "add", str(other), "--endpoint", MODEL)):
            raise RuntimeError(f"release add: {added}")
        yield served


def _under_traffic(served: Served, what: str, change: Callable[[], str]) -> Row:
    """Return the row of a change in the middle of whole answers and streams."""
    streams, whole = Traffic(served.target, _STREAMS), Traffic(served.target, _WHOLE)
    began = time.monotonic()
    with running(streams, math.inf), running(whole, math.inf):
        time.sleep(4)
        words = change()
        took = time.monotonic() - began - 4
        time.sleep(max(3.0, began + _SECONDS - time.monotonic()))
        streams.stopped = whole.stopped = True
    answers = [*whole.answers, *streams.answers]
    right = verdicts(answers)["ok"]
    return Row(
        what=f"{what} under load",
        asked="0 failed of at least 3 000, streams included",
        reached=f"{said(answers)}, {len(streams.answers)} of them streams; {words} in {took:.0f} s; "
        f"p99 {quantile_ms(whole.answers, 0.99):.0f} ms",
        passed=not failed(answers) and right == len(answers) >= 3000 and "NOT" not in words,
        requests=len(answers),
    )


def _asked(served: Served, *command: str) -> str:
    """Run a command of the endpoint's owner; return how it went."""
    done = served.awqctl(*command)
    return "done" if done.returncode == 0 else f"NOT done ({done.returncode}): {done.stderr.strip()[-200:]}"


def _presented(served: Served) -> str:
    return ssl.get_server_certificate(("127.0.0.1", served.port))
