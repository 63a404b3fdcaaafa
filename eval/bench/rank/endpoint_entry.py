"""What a ranking knows of an endpoint, from what `awqctl bench --endpoint` wrote."""

from eval.bench.load.endpoint_result import EndpointLoad, EndpointPoint, PromptsFile
from eval.bench.rank.entry import Entry, Level
from eval.bench.rank.stated import price_of


def of_endpoint(name: str, load: EndpointLoad, usd_per_hour: float | None) -> Entry:
    """Return an endpoint, of whose machine and settings nothing is known."""
    return Entry(
        name=name,
        settings={
            "model": load.model,
            "engine": "an endpoint, whose engine and settings are not known",
            "input_tokens": str(load.input_tokens) if load.input_tokens else _prompts(load.prompts),
            "output_tokens": str(load.output_tokens),
            "lengths": load.lengths,
            "route": load.route,
            "prompt tokens counted by": load.prompt_tokens_by,
            "client": load.client,
        },
        circumstances={
            "endpoint": load.endpoint,
            "requests": ", ".join(str(point.requests) for point in load.points),
            "new connections/s": ", ".join(
                dict.fromkeys(f"{point.connections_per_s or 'at once'}" for point in load.points)
            ),
            "throughput over": ", ".join(dict.fromkeys(point.throughput_over or "none" for point in load.points)),
        },
        levels={
            point.concurrency: _level(point, point.concurrency, point.output_tokens_per_s)
            for point in load.points
            if point.concurrency and not point.void and point.output_tokens_per_s
        },
        void={point.concurrency: point.void for point in load.points if point.concurrency and point.void},
        usd_per_hour=price_of(None, None, None, usd_per_hour),
    )


def _level(point: EndpointPoint, concurrency: int, output_tokens_per_s: float) -> Level:
    return Level(
        concurrency=concurrency,
        output_tokens_per_s_runs=(output_tokens_per_s,),
        tpot_p50_ms_runs=() if point.tpot_ms.p50 is None else (point.tpot_ms.p50,),
        ttft_p95_ms=point.ttft_ms.p95,
        tpot_p95_ms=point.tpot_ms.p95,
    )


def _prompts(own: PromptsFile | None) -> str:
    if own is None:
        return "not known"
    return f"{'conversations' if own.turns else 'prompts'} of a file with the SHA-256 {own.sha256}"
