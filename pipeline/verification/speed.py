"""Speeds made again from what the load client wrote of each request."""

import gzip
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from eval.bench.load.details import Answer, answers_of, begun_in, latencies, steady_state, times_of
from eval.bench.points import LevelRuns, point_of
from eval.bench.result import BenchResult, LoadPoint
from eval.bench.runs import LoadRun, RunFigures
from pipeline.base.results import Result
from pipeline.verification.result import UNREADABLE, Problem, Recomputed

_FIELDS = (
    *("output_tokens_per_s", "output_tokens_per_s_min", "output_tokens_per_s_max", "requests_per_s", "duration_s"),
    *(f"{latency}.{one}" for latency in ("ttft", "tpot", "itl", "e2e") for one in ("mean_ms", "p50_ms", "p95_ms")),
    *(f"{latency}.p99_ms" for latency in ("ttft", "tpot", "itl", "e2e")),
)
_EACH = ("output_tokens_per_s_runs", *(f"{latency}.p50_ms_runs" for latency in ("ttft", "tpot", "itl", "e2e")))
"""One figure per run; empty in results of earlier versions."""
_OF_A_RUN = (
    *("failed", "output_tokens", "duration_s"),
    *("figures.steady_output_tokens_per_s", "figures.whole_run_output_tokens_per_s", "figures.requests_per_s"),
    *(f"figures.{one}_ms.{part}" for one in ("ttft", "tpot", "itl", "e2e") for part in ("mean", "p50", "p95", "p99")),
)
_CLOSE = 1e-9


def check_speed(load: BenchResult, folder: Path) -> tuple[Recomputed | None, list[Problem]]:
    """Make every point that stands again from its raw files, and compare; None where no point has such files.

    Args:
        load: as recorded.
        folder: with the raw files that it names.
    """
    figures, problems = 0, list[Problem]()
    for number, arm in enumerate(load.arms):
        for place, point in enumerate(arm.points):
            where = f"bench/results.json#/arms/{number}/points/{place}"
            if not point.valid:
                continue
            try:
                found = _best(point, load, folder)
            except UNREADABLE as problem:
                problems.append(Problem(kind="result", where=where, detail=f"its raw files cannot be read: {problem}"))
                continue
            figures += len(_FIELDS) + len(_OF_A_RUN) * len(point.valid)
            named = f"{where} (arm '{arm.arm}', concurrency {point.concurrency})"
            problems += [one.model_copy(update={"where": f"{named}, {one.where}"}) for one in found]
    known = Recomputed(what="speeds, from the load client's details of each request", figures=figures)
    return (known if figures or problems else None), problems


def _best(point: LoadPoint, load: BenchResult, folder: Path) -> list[Problem]:
    """Return where a point differs from what its files give.

    A result does not say whether the client's own prompts were chats, nor whether a load was built up slowly, so that
    the times of a run are those of its steady state; what fits best is taken.
    """
    found: list[Problem] = []
    raw = {run.number: json.loads(gzip.decompress((folder / run.raw_file).read_bytes())) for run in point.valid}
    for chat in (False,) if load.prompts is None else (False, True):
        answers = {number: answers_of(one, chat=chat) for number, one in raw.items()}
        for built_up in (False, True):
            differing = list(_differences(point, _made_again(point, load, answers, raw, built_up=built_up)))
            if not differing:
                return []
            found = differing if not found or len(differing) < len(found) else found
    return found


def _made_again(
    point: LoadPoint,
    load: BenchResult,
    answers: Mapping[int, tuple[Answer, ...]],
    raw: Mapping[int, Any],
    *,
    built_up: bool,
) -> LoadPoint:
    runs = tuple(
        run.model_copy(
            update={
                **_figures(run, answers[run.number], point, built_up=built_up),
                "failed": len(raw[run.number]["errors"]) - len(answers[run.number]),
            }
        )
        for run in point.valid
    )
    level = LevelRuns(point.concurrency, point.requests, runs)
    return point_of(level, load.throughput_over, latencies([times_of(one) for one in answers.values()]))


def _figures(run: LoadRun, answers: tuple[Answer, ...], point: LoadPoint, *, built_up: bool) -> dict[str, object]:
    steady, duration = steady_state(answers, point.concurrency), max(answer.end for answer in answers)
    tokens = sum(answer.tokens for answer in answers)
    times = latencies([times_of((begun_in(answers, steady) if steady and built_up else ()) or answers)])
    figures = RunFigures(
        steady_output_tokens_per_s=steady.output_tokens_per_s if steady else None,
        whole_run_output_tokens_per_s=tokens / duration,
        total_tokens_per_s=(run.input_tokens + tokens) / duration,
        requests_per_s=len(answers) / duration,
        **times,
    )
    return {"figures": figures, "duration_s": duration, "output_tokens": tokens}


def _differences(recorded: LoadPoint, made: LoadPoint) -> Iterator[Problem]:
    yield from _differing(recorded, made, _FIELDS, "")
    for field in _EACH:
        before, after = _at(recorded, field), _at(made, field)
        if isinstance(before, tuple) and isinstance(after, tuple) and before:
            for place, pair in enumerate(zip_longest(before, after)):
                yield from _difference(f"{field}/{place}", *pair)
    for one, again in zip(recorded.valid, made.runs, strict=True):
        yield from _differing(one, again, _OF_A_RUN, f"run {one.number}, ")


def _differing(recorded: Result, made: Result, fields: Sequence[str], where: str) -> Iterator[Problem]:
    for field in fields:
        yield from _difference(f"{where}{field}", _number(_at(recorded, field)), _number(_at(made, field)))


def _difference(where: str, before: float | None, after: float | None) -> Iterator[Problem]:
    if not _alike(before, after):
        detail = "made again from the raw files"
        yield Problem(kind="result", where=where, found=_said(before), expected=_said(after), detail=detail)


def _at(result: Result, field: str) -> object:
    found: object = result
    for name in field.split("."):
        found = getattr(found, name)
    return found


def _number(found: object) -> float | None:
    return float(found) if isinstance(found, int | float) else None


def _alike(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else math.isclose(one, other, rel_tol=_CLOSE)


def _said(value: float | None) -> str:
    return "none" if value is None else repr(value)
