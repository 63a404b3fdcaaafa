"""Records of earlier versions, brought to the form that this version reads.

A record holds hours of work, so a change of a form brings a function here that takes what is stored one version
further, tested with files that the version before wrote. What cannot be taken further stays as it is: the stage whose
result it is runs again, and no other.
"""

from collections.abc import Callable
from statistics import geometric_mean
from typing import Any

from pydantic import ValidationError

from pipeline.base.checkout import UNKNOWN
from pipeline.recipe.arms import AWQ, BASELINE, RTN, Arm
from pipeline.recipe.bench import Bench
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.eval import Eval
from pipeline.recipe.migrate import migrate as migrate_recipe
from pipeline.recipe.model import ModelSource
from pipeline.recipe.quantize import Quantize
from pipeline.recipe.report import Report
from pipeline.recipe.roi import Roi
from pipeline.recipe.section import Section
from pipeline.recipe.serve import Serve

SCHEMA_VERSION = 3
FORM = "the form of the result"
"""Names the version of a result among the inputs of its stage."""
CONTROL = "the control"
"""Names among the inputs of quantize whether plain rounding is asked for beside AWQ."""
_ARMS = "recipe.arms"
"""Names among the inputs the arms that a stage measures, a section of the recipe that is a list."""
_PERCENTILES_FROM = {"p95_ms": 60, "p99_ms": 300}
"""Requests that carry a percentile of a run."""
Document = dict[str, Any]

_SECTIONS: dict[str, type[Section]] = {
    "recipe.model": ModelSource,
    "recipe.quantize": Quantize,
    "recipe.engine": EngineSettings,
    "recipe.eval": Eval,
    "recipe.bench": Bench,
    "recipe.roi": Roi,
    "recipe.report": Report,
    "recipe.serve": Serve,
}


def migrate(document: Document) -> Document:
    """Return the record in today's form; the recipe in it stays as it was written.

    Raises:
        ValueError: it was written by a later version, or is no record.
    """
    version = document.get("schema_version")
    if not isinstance(version, int) or not 1 <= version <= SCHEMA_VERSION:
        raise ValueError(f"schema_version is {version!r}, and this version reads 1 to {SCHEMA_VERSION}")
    for step in (_to_2, _to_3)[version - 1 :]:
        document = step(document)
    return document | {kind: _each(document.get(kind, {}), _current_stage) for kind in ("stages", "failed_attempts")}


def _each(stages: Document, change: Callable[[str, Document], Document]) -> Document:
    return {name: change(name, stage) for name, stage in stages.items()}


def _current_stage(name: str, stage: Document) -> Document:
    """Return the stage with its payload in the latest form known here, and sections of the recipe with today's keys."""
    payload = stage.get("payload") or {}
    while payload and (step := _PAYLOADS.get((name, payload.get("schema_version", 1)))):
        payload = step(payload)
    inputs = {key: _current_section(key, value) for key, value in stage["inputs"].items()}
    if payload and FORM in inputs:
        inputs[FORM] = payload["schema_version"]
    return stage | {"payload": payload, "inputs": inputs}


def _current_section(name: str, value: Any) -> Any:
    """Return a section as it would be written now: keys that are gone left out, new ones with their defaults."""
    if name == _ARMS and isinstance(value, list):
        return [_filled_in(Arm, arm) for arm in value]
    return _filled_in(_SECTIONS[name], value) if name in _SECTIONS else value


def _filled_in(model: type[Section], value: Any) -> Any:
    """Return what the model makes of the keys that it knows; the value itself where it takes none of it."""
    if not isinstance(value, dict):
        return value
    try:
        return model.model_validate({key: value[key] for key in value if key in model.model_fields}).model_dump(
            mode="json"
        )
    except ValidationError:
        return value


def _to_2(document: Document) -> Document:
    """Results get versions that stand among the inputs, arms a section of their own, and the machine a model."""
    return document | {
        "schema_version": 2,
        "environment": _environment_to_2(document["environment"]),
        **{kind: _each(document.get(kind, {}), _stage_to_2) for kind in ("stages", "failed_attempts")},
    }


def _stage_to_2(name: str, stage: Document) -> Document:
    payload = stage.get("payload") or {}
    if payload:
        payload = {"schema_version": 1} | payload
    return stage | {
        "payload": payload,
        "inputs": _inputs_to_2(name, stage["inputs"], payload),
        "environment": _environment_to_2(stage["environment"]),
    }


def _environment_to_2(environment: Document) -> Document:
    """Bring what was said of the machine into one place; of GPUs only their names were kept."""
    machine = {
        "cpu": environment["cpu"],
        "cores": environment["cores"],
        "memory_bytes": round(environment["memory_gib"] * 2**30),
        "platform": environment["platform"],
        "gpus": [{"vendor": "nvidia", "name": name, "driver": environment["driver"]} for name in environment["gpus"]],
    }
    kept = ("awqctl", "python", "accelerator", "git_commit", "packages")
    return {name: environment[name] for name in kept} | {"machine": machine}


def _inputs_to_2(stage: str, inputs: Document, payload: Document) -> Document:
    new = dict(inputs) | {FORM: 1}
    if stage == "quantize":
        new[CONTROL] = new.get("recipe.quantize", {}).get("control") is not None
    elif stage == "bench":
        new[_ARMS] = _arms(BASELINE, AWQ)
    elif stage == "eval":
        controlled = [RTN] if RTN in payload.get("arms", ()) else []
        given, _ = migrate_recipe({"arms": [BASELINE, AWQ, *controlled], "eval": new.get("recipe.eval")})
        new[_ARMS] = _arms(*given["arms"])
        new["the checkpoints of the arms"] = new.pop("the checkpoints of eval.arms", "")
    return new


def _to_3(document: Document) -> Document:
    """Commits are awqctl's and the recipe's; what stood there was that of any folder that the command ran in."""
    return document | {
        "schema_version": 3,
        "environment": _environment_to_3(document["environment"]),
        **{
            kind: _each(
                document.get(kind, {}),
                lambda _name, stage: stage | {"environment": _environment_to_3(stage["environment"])},
            )
            for kind in ("stages", "failed_attempts")
        },
    }


def _environment_to_3(environment: Document) -> Document:
    kept = {name: value for name, value in environment.items() if name != "git_commit"}
    return kept | {"awqctl_commit": UNKNOWN, "recipe_commit": None}


def _arms(*given: Any) -> list[Document]:
    return [Arm.model_validate(arm).model_dump(mode="json") for arm in given]


def _eval_to_2(payload: Document) -> Document:
    """Comparisons name both arms."""
    tasks = [task | {"reference": BASELINE} for task in payload["tasks"]]
    contrasts = [one | {"arm": AWQ, "reference": RTN} for one in payload["contrasts"]]
    return payload | {"schema_version": 2, "tasks": tasks, "contrasts": contrasts}


def _bench_to_2(payload: Document) -> Document:
    """Loads are a list of arms."""
    rest = {key: value for key, value in payload.items() if key not in (BASELINE, AWQ)}
    return rest | {"schema_version": 2, "arms": [_named_arm(payload[arm]) for arm in (BASELINE, AWQ)]}


def _bench_to_3(payload: Document) -> Document:
    """Points keep their runs, of which smallest, median and largest were kept: up to three are all; means are of them.

    Latencies stay the medians that they were, without runs.
    """
    arms = [
        arm | {"points": [_with_runs(point, payload["repeats"]) for point in arm["points"]]} for arm in payload["arms"]
    ]
    return payload | {"schema_version": 3, "arms": arms}


def _with_runs(point: Document, repeats: int) -> Document:
    least, middle, most = (point[f"output_tokens_per_s{end}"] for end in ("_min", "", "_max"))
    runs = {1: (middle,), 2: (least, most), 3: (least, middle, most)}.get(repeats, ())
    mean = geometric_mean(runs) if runs and least > 0 else middle
    return point | {"output_tokens_per_s": mean, "output_tokens_per_s_runs": list(runs)}


def _bench_to_4(payload: Document) -> Document:
    """Percentiles need requests: those of fewer are gone. Throughput was over whole runs, and no evidence was kept."""
    arms = [arm | {"points": [_with_percentiles_carried(point) for point in arm["points"]]} for arm in payload["arms"]]
    return payload | {"schema_version": 4, "arms": arms, "throughput_over": "whole run"}


def _with_percentiles_carried(point: Document) -> Document:
    latencies = {}
    for name in ("ttft", "tpot", "itl", "e2e"):
        kept = {key: value for key, value in point[name].items() if key != "p95_ms_runs"}
        few = {key: None for key, least in _PERCENTILES_FROM.items() if point["requests"] < least}
        latencies[name] = kept | few
    return point | latencies


def _roi_to_2(payload: Document) -> Document:
    """Costs are a list of arms, and savings of pairs of them."""
    paired = (
        *("saving_per_month_usd", "saving_three_years_usd", "payback_months", "break_even_requests_per_day"),
        *("pays", "verdict"),
    )
    rest = {key: value for key, value in payload.items() if key not in (BASELINE, AWQ, *paired)}
    pair = {"reference": BASELINE, "arm": AWQ} | {key: payload[key] for key in paired}
    arms = [_named_arm(payload[arm]) for arm in (BASELINE, AWQ)]
    return rest | {"schema_version": 2, "arms": arms, "comparisons": [pair]}


def _named_arm(entry: Document) -> Document:
    return {"arm": entry["variant"]} | {key: value for key, value in entry.items() if key != "variant"}


_PAYLOADS: dict[tuple[str, int], Callable[[Document], Document]] = {
    ("eval", 1): _eval_to_2,
    ("bench", 1): _bench_to_2,
    ("bench", 2): _bench_to_3,
    ("bench", 3): _bench_to_4,
    ("roi", 1): _roi_to_2,
}
"""By stage and version: brings a result to the next version."""
