"""Points assessed from the evidence of their runs, and the rates of the hardware that they are held against."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.bench.arm_assessor import rates_of
from eval.bench.assessor import Assessor, run_service
from eval.bench.load.details import Answer
from eval.bench.load.result import Distribution, EngineLoad, MachineLoad
from eval.bench.load.service import ServiceLimits
from eval.bench.overload import EngineLimits
from eval.bench.result import BenchResult, EngineMemory, LoadPoint
from eval.bench.runs import LoadRun, RunFigures
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.recipe.engine import EngineSettings
from tests.unit.pipeline.report.conftest import make_bench

__all__ = ["make_bench"]
LLAMA_2_7B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 32000,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
}
FIGURES = RunFigures(
    steady_output_tokens_per_s=None,
    whole_run_output_tokens_per_s=100.0,
    total_tokens_per_s=300.0,
    requests_per_s=1.0,
    ttft_ms=Distribution(),
    tpot_ms=Distribution(),
    itl_ms=Distribution(),
    e2e_ms=Distribution(),
)


def run(number: int, *, waiting: float = 0.0, kv: float = 0.2, preemptions: float = 0, valid: bool = True) -> LoadRun:
    """Return a run with what engine and machine did meanwhile."""
    engine = EngineLoad(
        prompt_tokens=2560,
        output_tokens=1280,
        cached_prompt_tokens=0,
        preemptions=preemptions,
        peak_requests=8,
        peak_waiting=4,
        waiting_share=waiting,
        peak_kv_cache_usage=kv,
        samples=40,
    )
    return LoadRun(
        number=number,
        measured_at="2026-11-29T12:00:00+00:00",
        seed=number,
        sent=10,
        answered=10,
        failed=0,
        errors={},
        input_tokens=2560,
        output_tokens=1280,
        duration_s=10.0,
        steady_state_share=None,
        peak_concurrency=8,
        client_cpu_s=1.0,
        engine=engine,
        machine=MachineLoad(cores=2, wall_s=10.0, foreign_cpu_s=0.0, steal_s=0.0),
        checks=(),
        raw_file="raw.json.gz",
        raw_sha256="0" * 64,
        figures=FIGURES if valid else None,
    )


def points(bench: BenchResult, *runs: LoadRun) -> tuple[LoadPoint, ...]:
    """Return a sweep of which every point has these runs."""
    return tuple(point.model_copy(update={"runs": runs}) for point in bench.of("awq").points)


def assessor(max_num_seqs: int = 64, ceiling: float | None = 10_000.0) -> Assessor:
    """Return what judges the points of a CPU's engine."""
    return Assessor(EngineLimits(max_num_seqs, 100_000, 384), ceiling, None, 320)


def test_counters_are_those_of_the_runs_that_stand(make_bench: Callable[..., BenchResult]) -> None:
    """Means of shares, the most of the cache; a void run counts for nothing, and without rates there are none."""
    runs = (run(1, waiting=0.2, kv=0.3), run(2, waiting=0.4, kv=0.7, preemptions=1), run(3, waiting=1.0, valid=False))
    found = assessor().counters(points(make_bench(), *runs)[0])

    assert found.client_cpu_share == pytest.approx(0.05)
    assert found.client_ceiling_share == pytest.approx(66.9 / 10_000)
    assert found.waiting_share == pytest.approx(0.3)
    assert found.preempted_share == pytest.approx(1 / 20)
    assert (found.kv_cache_usage, found.bandwidth_share, found.compute_share) == (0.7, None, None)


def test_points_say_what_binds_and_how_throughput_grows(make_bench: Callable[..., BenchResult]) -> None:
    """On a CPU nothing decides between bandwidth and compute: not known, with growth as the inference that it is."""
    bench = make_bench(awq={1: 100.0, 4: 400.0, 16: 400.0})
    found = assessor().assessed(points(bench, run(1)), {})

    assert [one.assessment.binding.resource for one in found if one.assessment] == ["not known"] * 3
    assert [one.assessment.binding.growth for one in found if one.assessment] == ["proportional", "none", "none"]


def test_points_beyond_the_engine_are_overloaded(make_bench: Callable[..., BenchResult]) -> None:
    """Four sequences at once are fewer than sixteen requests."""
    found = assessor(max_num_seqs=4).assessed(points(make_bench(), run(1, waiting=0.9)), {})

    assert [one.overloaded for one in found] == [False, False, True]
    assert [one.assessment.overload.reasons for one in found if one.assessment and one.assessment.overload] == [
        ("sequences",)
    ]


def test_results_without_evidence_decide_nothing(make_bench: Callable[..., BenchResult]) -> None:
    """Results of earlier versions have no runs."""
    (first, *_) = assessor(ceiling=None).assessed(points(make_bench()), {})

    assert first.assessment is not None
    assert (first.assessment.binding.resource, first.assessment.binding.evidence) == ("not known", ())


def test_service_of_a_run() -> None:
    """Goodput only where a service level was agreed; sharing always."""
    answers = (Answer(0.0, 0.1, (0.02,) * 9, 10, 11), Answer(0.0, 0.4, (0.02,) * 9, 10, 11))
    agreed, none = (run_service(run(2), answers, level) for level in (ServiceLimits(ttft_ms=200), None))

    assert agreed.number == 2
    assert agreed.goodput is not None
    assert (agreed.goodput.kept, agreed.goodput.sent) == (1, 10)
    assert none.goodput is None
    assert none.sharing == agreed.sharing


def machine(*gpus: str) -> Machine:
    """Return a machine with GPUs of these names."""
    found = tuple(Gpu(vendor="nvidia", name=name, memory_bytes=24_564 * 2**20) for name in gpus)
    return Machine(cpu="x", cores=8, memory_bytes=2**36, platform="linux", gpus=found)


def memory(weights_from: str = "engine") -> EngineMemory:
    """Return what an engine says of 16-bit weights of Llama 2 7B."""
    return EngineMemory.model_validate(
        {
            "weights_gib": 12.55,
            "weights_from": weights_from,
            "kv_cache_tokens": 16_000,
            "max_concurrency": 3.9,
            "context_tokens": 4096,
        }
    )


def test_rates_of_a_gpu_of_the_catalogue(tmp_path: Path) -> None:
    """Llama 2 7B on an RTX 4090: 6.6 billion weights per token but the embedding, 512 KiB of cache per token."""
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_2_7B))
    found = rates_of(memory(), tmp_path, machine("NVIDIA GeForce RTX 4090"), EngineSettings(), 320, fp8=False)

    assert found is not None
    assert found.weights_bytes == pytest.approx(12.55 * 2**30)
    assert found.operations_per_token == pytest.approx(2 * 6.607e9, rel=1e-3)
    assert found.kv_bytes_per_token == 2 * 32 * 32 * 128 * 2
    assert found.bandwidth_bytes_s == pytest.approx(1008e9 * 0.9)
    assert found.bandwidth_share(1, 320, 0.0155) == pytest.approx(0.9696, abs=0.002)


def test_rates_are_not_guessed(tmp_path: Path) -> None:
    """Another GPU, weights by their files, layers in groups of GPUs, or a model that cannot be read: none."""
    settings, fast = EngineSettings(), machine("NVIDIA GeForce RTX 4090")
    assert rates_of(memory(), tmp_path, fast, settings, 320, fp8=False) is None
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_2_7B))
    grouped = EngineSettings(pipeline_parallel_size=2)

    assert rates_of(memory(), tmp_path, machine(), settings, 320, fp8=False) is None
    assert rates_of(memory(), tmp_path, machine("NVIDIA H100 80GB HBM3"), settings, 320, fp8=False) is None
    assert rates_of(memory("files"), tmp_path, fast, settings, 320, fp8=False) is None
    assert rates_of(memory(), tmp_path, fast, grouped, 320, fp8=False) is None
    experts = {**LLAMA_2_7B, "model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}
    (tmp_path / "config.json").write_text(json.dumps(experts))
    assert rates_of(memory(), tmp_path, fast, settings, 320, fp8=False) is None
