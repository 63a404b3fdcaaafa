"""Speeds made again from what the load client wrote of each request."""

import gzip
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from eval.bench.load.details import Answer, answers_of, begun_in, latencies, steady_state, times_of
from eval.bench.points import LevelRuns, point_of
from eval.bench.result import BenchResult, LoadPoint
from eval.bench.runs import LoadRun, RunFigures
from pipeline.verification.result import Problem, Recomputed

_FIELDS = (
    *("output_tokens_per_s", "output_tokens_per_s_min", "output_tokens_per_s_max", "requests_per_s", "duration_s"),
    *(f"{latency}.{one}" for latency in ("ttft", "tpot", "itl", "e2e") for one in ("mean_ms", "p50_ms", "p95_ms")),
    *(f"{latency}.p99_ms" for latency in ("ttft", "tpot", "itl", "e2e")),
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
            except (OSError, ValueError, LookupError, TypeError) as problem:
                problems.append(Problem(kind="result", where=where, detail=f"its raw files cannot be read: {problem}"))
                continue
            figures += len(_FIELDS)
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
    for chat in (False,) if load.prompts is None else (False, True):
        answers = {run.number: _answers(run, folder, chat=chat) for run in point.valid}
        for built_up in (False, True):
            differing = list(_differences(point, _made_again(point, load, answers, built_up=built_up)))
            if not differing:
                return []
            found = differing if not found or len(differing) < len(found) else found
    return found


def _made_again(
    point: LoadPoint, load: BenchResult, answers: Mapping[int, tuple[Answer, ...]], *, built_up: bool
) -> LoadPoint:
    runs = tuple(
        run.model_copy(update=_figures(run, answers[run.number], point, built_up=built_up)) for run in point.valid
    )
    level = LevelRuns(point.concurrency, point.requests, runs)
    return point_of(level, load.throughput_over, latencies([times_of(one) for one in answers.values()]))


def _answers(run: LoadRun, folder: Path, *, chat: bool) -> tuple[Answer, ...]:
    return answers_of(json.loads(gzip.decompress((folder / run.raw_file).read_bytes())), chat=chat)


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
    return {"figures": figures, "duration_s": duration}


def _differences(recorded: LoadPoint, made: LoadPoint) -> Iterator[Problem]:
    for field in _FIELDS:
        before, after = _field(recorded, field), _field(made, field)
        if not _alike(before, after):
            yield Problem(
                kind="result",
                where=field,
                found=_said(before),
                expected=_said(after),
                detail="made again from the raw files",
            )


def _field(point: LoadPoint, field: str) -> float | None:
    found: object = point
    for name in field.split("."):
        found = getattr(found, name)
    return float(found) if isinstance(found, int | float) else None


def _alike(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else math.isclose(one, other, rel_tol=_CLOSE)


def _said(value: float | None) -> str:
    return "none" if value is None else repr(value)
