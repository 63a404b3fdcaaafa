"""How a running endpoint is, on a terminal of 80 columns or a narrower one, and as one line."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.base.format import NONE, clock, count, decimal, number, size

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

    from pipeline.hardware.health.sample import GpuSample
    from serve.live.watch import Look
    from serve.status import EndpointStatus, ReplicaStatus

_STYLES = {"serving": "green", "given_up": "bold red", "waiting": "yellow"}
_LEAST_WIDTH = 8
_SOON_DAYS = 14


def picture(look: "Look", name: str) -> "Group":
    """Return what is known of an endpoint, drawn."""
    from rich.console import Group
    from rich.text import Text

    if look.status is None:
        return Group(Text(look.problem or f"The endpoint '{name}' is not running."))
    status = look.status
    parts: list[RenderableType] = [
        _head(look, status),
        Text(""),
        _figures(look, status),
        Text(""),
        _replicas(look, status),
    ]
    if look.gpus:
        parts += [Text(""), _gpus(look.gpus)]
    if said := list(_said(look, status)):
        parts += [Text(""), *said]
    return Group(*parts)


def one_line(look: "Look", name: str) -> str:
    """Return the same in short, with the time in front, for logs and pipes."""
    at = look.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    status = look.status
    if status is None:
        return f"{at} {name}: {look.problem or 'not running'}"
    shown = ", ".join(f"{key} {value}" for key, value in _pairs(look, status))
    return f"{at} {name}: {_state(status)}, {shown}"


def _state(status: "EndpointStatus") -> str:
    return "ready" if status.ready else f"not ready ({status.refusing})" if status.refusing else "not ready"


def _head(look: "Look", status: "EndpointStatus") -> "Text":
    from rich.text import Text

    up = (look.at - datetime.fromisoformat(status.started_at)).total_seconds()
    state = (_state(status), "bold green" if status.ready else "bold red")
    return Text.assemble((status.name, "bold"), "  ", state, f"  {status.base_url}  up {clock(max(0, up))}")


def _pairs(look: "Look", status: "EndpointStatus") -> Iterator[tuple[str, str]]:
    traffic, tokens = look.traffic, look.all_tokens_per_s
    yield "replicas", f"{look.serving} of {len(status.replicas)}"
    yield "requests/s", number(traffic.per_second, 2) if traffic else NONE
    yield "tokens/s", number(tokens, 2) if tokens is not None else NONE
    yield "latency p50", _time(traffic.p50_ms) if traffic else NONE
    yield "p95", _time(traffic.p95_ms) if traffic else NONE
    yield "failed", count(traffic.failed) if traffic else NONE
    yield "limited", count(traffic.limited) if traffic else NONE
    waiting = NONE if look.waiting is None else count(look.waiting)
    yield "queue", f"{count(status.door.queued)} door + {waiting} engines"
    yield "connections", f"{count(status.door.connections)} of {count(status.door.max_connections)}"


def _figures(look: "Look", status: "EndpointStatus") -> "Table":
    from rich.table import Table

    pairs = list(_pairs(look, status))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    columns = 3
    for _ in range(columns):
        table.add_column(style="dim", no_wrap=True)
        table.add_column(no_wrap=True, min_width=_LEAST_WIDTH)
    rows = -(-len(pairs) // columns)
    for row in range(rows):
        table.add_row(*(part for pair in pairs[row::rows] for part in pair))
    return table


def _replicas(look: "Look", status: "EndpointStatus") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("PLACE", no_wrap=True)
    for title in ("STATE", "FOR"):
        table.add_column(title, no_wrap=True)
    for title in ("RUN", "WAIT", "KV", "TOK/S", "DIED"):
        table.add_column(title, no_wrap=True, justify="right")
    table.add_column("MODEL")
    for one in status.replicas:
        table.add_row(
            one.place, Text(one.state.replace("_", " "), style=_STYLES.get(one.state, "")), *_cells(look, one)
        )
    return table


def _cells(look: "Look", one: "ReplicaStatus") -> Iterator["str | Text"]:
    from rich.text import Text

    age = (look.at - datetime.fromisoformat(one.since)).total_seconds()
    rate = (look.tokens_per_s or {}).get(one.place)
    yield clock(max(0, age))
    yield NONE if one.running is None else count(one.running)
    yield NONE if one.waiting is None else count(one.waiting)
    yield NONE if one.kv_cache_usage is None else f"{decimal(100 * one.kv_cache_usage, 0)} %"
    yield NONE if rate is None else number(rate, 2)
    yield count(one.restarts)
    yield Text(one.model, no_wrap=True, overflow="ellipsis")


def _gpus(samples: tuple["GpuSample", ...]) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("GPU", no_wrap=True)
    for title in ("BUSY", "MEMORY", "TEMP", "POWER"):
        table.add_column(title, no_wrap=True, justify="right")
    for one in samples:
        table.add_row(*_gpu_cells(one))
    return table


def _gpu_cells(one: "GpuSample") -> Iterator[str]:
    yield str(one.index)
    yield NONE if one.utilization_percent is None else f"{decimal(one.utilization_percent, 0)} %"
    used, total = one.memory_used_bytes, one.memory_total_bytes
    yield NONE if used is None else size(used) if total is None else f"{size(used)} of {size(total)}"
    yield NONE if one.temperature_c is None else f"{decimal(one.temperature_c, 0)} °C"
    yield NONE if one.power_w is None else f"{decimal(one.power_w, 0)} W"


def _said(look: "Look", status: "EndpointStatus") -> Iterator["Text"]:
    """Yield what somebody should know."""
    from rich.text import Text

    if look.traffic is None:
        yield Text("No request stands in the audit yet.", style="dim")
    audit = status.audit
    if audit and (audit.problem or audit.lost):
        yield Text(f"Audit: {audit.problem or ''} {count(audit.lost)} lines lost.".replace("  ", " "), style="red")
    if status.door.pid is None:
        yield Text("HAProxy is being started again.", style="red")
    for one in status.replicas:
        if one.last_failure and one.state != "serving":
            yield Text(f"{one.place}: {one.last_failure}", style="red")
    for said in status.despite_gates:
        yield Text(f"Not passed, and served all the same: {said}", style="yellow")
    if status.certificate_expires_at:
        left = (datetime.fromisoformat(status.certificate_expires_at) - datetime.now(UTC)).days
        if left < _SOON_DAYS:
            yield Text(f"The certificate expires in {left} days.", style="yellow")


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return NONE
    second = 1000
    return f"{number(milliseconds / second, 2)} s" if milliseconds >= second else f"{number(milliseconds, 2)} ms"
