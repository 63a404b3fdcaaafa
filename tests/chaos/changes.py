"""What operators do on purpose, under traffic: nothing may fail."""

import ssl
import time
from collections.abc import Callable

from tests.chaos.row import Row
from tests.chaos.served import Served, Setting, eventually
from tests.chaos.traffic import Load, Traffic, failed, quantile_ms, running, said, verdicts

_SECONDS = 22.0
_WHOLE, _STREAMS = Load(130), Load(20, tokens=100, stream=True)
"""A stream takes two seconds: whatever happens cuts into some."""


def reloaded() -> Row:
    """Two reloads, each with another setting of the door."""
    with Served(Setting(tpot_s=0.02)) as served:

        def change() -> str:
            words = []
            for seconds in (61, 62):
                served.edit_recipe(serve={"queue_timeout_s": seconds})
                words.append(_asked(served, "serve", "reload"))
                time.sleep(3)
            return f"two reloads: {', '.join(words)}"

        return _under_traffic(served, "reload", change)


def certificate_renewed() -> Row:
    """The certificate's files are replaced by new ones."""
    setting = Setting(tpot_s=0.02)
    with Served(setting, certificates=2) as served:

        def change() -> str:
            before = _presented(served)
            served.use_certificate(2)
            _asked(served, "serve", "reload")
            changed = eventually(lambda: _presented(served) != before, 20, every_s=0.2)
            return "the new one is NOT presented" if changed is None else f"presented {changed:.1f} s later"

        return _under_traffic(served, "certificate renewal", change)


def _under_traffic(served: Served, what: str, change: Callable[[], str]) -> Row:
    """Return the row of a change in the middle of whole answers and streams."""
    streams, whole = Traffic(served.target, _STREAMS), Traffic(served.target, _WHOLE)
    with running(streams, _SECONDS), running(whole, _SECONDS):
        time.sleep(4)
        words = change()
    answers = [*whole.answers, *streams.answers]
    right = verdicts(answers)["ok"]
    return Row(
        what=f"{what} under load",
        asked="0 failed of at least 3 000, streams included",
        reached=f"{said(answers)}, {len(streams.answers)} of them streams; {words}; "
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
