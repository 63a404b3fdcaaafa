"""`python -m tests.chaos [NAME...]`: scenarios one after the other, a row for each; 1 where a figure is missed.

Rows go to `serve/reliability.json` with `--keep`, and the table of `serve/RELIABILITY.md` is written from there.
"""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial

from tests.chaos import changes, confidential, crowds, faults, overhead, soak
from tests.chaos.row import PAGE, Row, keep, load_average, page_with, read_rows, stamped, table
from tests.chaos.served import Served

CHAOS: dict[str, Callable[[], Row]] = {
    "replica-killed": faults.replica_killed,
    "replica-killed-streaming": faults.replica_killed_streaming,
    "socket-hung": faults.socket_hung,
    "engine-hung": faults.engine_hung,
    "supervisor-killed": faults.supervisor_killed,
    "gateway-killed": faults.gateway_killed,
    "poisonous-request": faults.poisonous_request,
    "promote": changes.promoted,
    "rollback": changes.rolled_back,
    "reload": changes.reloaded,
    "certificate-renewal": changes.certificate_renewed,
    "overload": crowds.overload,
    "slow-headers": crowds.slow_headers,
    "planted-secrets": confidential.planted_secrets,
    "no-way-out": confidential.no_way_out,
}
"""`make chaos`."""
BENCH: dict[str, Callable[[], Row]] = {
    "door-latency": overhead.latency,
    "door-throughput": overhead.throughput,
    "many-at-once": crowds.many_at_once,
    "idle-connections": crowds.idle_connections,
    "audit": crowds.audit,
    "audit-threads": partial(crowds.audit, threads=2),
}
"""`make bench-serve`."""
LONG: dict[str, Callable[[], Row]] = {
    "saturation": partial(soak.saturation, 30),
    "soak": partial(soak.soak, 60),
}
"""`make soak-serve`, and half an hour at saturation."""
REAL: dict[str, Callable[[], Row]] = {
    "real-replica-killed": faults.real_replica_killed,
    "real-door-throughput": overhead.real_throughput,
    "hostile-requests": crowds.hostile_requests,
}
"""With vLLM itself on the CPU."""
SCENARIOS = CHAOS | BENCH | LONG | REAL

_TOLD = 3000
"""Characters."""


def main(arguments: list[str]) -> int:
    """Run what is asked for; return 1 where a figure was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCENARIOS))
    parser.add_argument("--bench", action="store_true", help="what `make bench-serve` runs")
    parser.add_argument("--real", action="store_true", help="what needs vLLM itself")
    parser.add_argument("--keep", action="store_true", help="write the rows into the page")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped then, too
    names = asked.names or list(REAL if asked.real else BENCH if asked.bench else CHAOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        parser.error(f"{', '.join(unknown)}: there is {', '.join(SCENARIOS)}")
    rows = [_run(name) for name in names]
    if asked.keep:
        for row in rows:
            keep(row)
        PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), table(read_rows(), list(SCENARIOS))), "utf-8")
    return int(not all(row.passed for row in rows))


def _run(name: str) -> Row:
    load, started = load_average(), time.monotonic()
    try:
        row = SCENARIOS[name]()
    except Exception as problem:  # noqa: BLE001 -- one scenario that fails must not hide the others
        traceback.print_exc()
        row = Row(what=name, asked="a result", reached=f"{type(problem).__name__}: {problem}", passed=False)
    row = stamped(row, name, time.monotonic() - started, load)
    if not row.passed:
        sys.stderr.write(f"What awqctl serve said at last:\n{Served.last_errors[-_TOLD:]}\n")
    print(f"{row.line()}  [{row.seconds:.0f} s, load {row.load}]", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
