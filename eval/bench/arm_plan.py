"""What the plan says of the arms of a benchmark: for the same model, quantization, settings of the engine and load."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.bench.arguments import options_of
from eval.bench.arm_assessor import mean_tokens
from eval.bench.plan_figures import Subject, figures_of, subject_of
from eval.bench.planned import ArmPlan, PlanBasis, WhyNot
from eval.bench.result import ArmLoad, BenchResult
from pipeline.base.errors import SourceError, UsageError
from pipeline.catalogue.seen import seen_gpu
from pipeline.hardware.machine import Machine
from pipeline.models.trust import read_config
from pipeline.plan.corrections import Corrections
from pipeline.plan.gpu import Gpu
from pipeline.plan.processor import processor, processor_name
from pipeline.recipe.engine import EngineSettings

_WITHOUT_SIZE = ("id2label", "label2id", "auto_map", "task_specific_params", "architectures", "transformers_version")
_SAMPLE = 12
"""Characters of a file's sum that name it."""


def sampled(load: ArmLoad) -> tuple[str, ...]:
    """Return what names the raw files of an arm, void runs included."""
    runs = [run for point in load.points for run in point.runs]
    runs += [run for point in load.void_points for run in point.runs]
    return tuple(sorted({run.raw_sha256[:_SAMPLE] for run in runs}))


def config_of(folder: Path) -> dict[str, Any] | None:
    """Return the configuration of a checkpoint; None where it cannot be read."""
    try:
        return read_config(folder / "config.json")
    except SourceError:
        return None


class ArmPlans:
    """Plans the arms of a benchmark on the machine that they ran on."""

    def __init__(
        self, model: str, engine: EngineSettings, machine: Machine, corrections: Corrections, *, on_cpu: bool
    ) -> None:
        """Take what all arms share.

        Args:
            model: as the recipe names it.
            engine: settings of the recipe.
            machine: that was measured.
            corrections: that were learned before.
            on_cpu: whether the engine ran without a GPU.
        """
        self._model = model
        self._engine = engine
        self._machine = machine
        self._corrections = corrections
        self._on_cpu = on_cpu

    def of(self, result: BenchResult, load: ArmLoad, config: Mapping[str, Any] | None, *, fp8: bool = False) -> ArmPlan:
        """Return the plan of one arm, or why there is none.

        Args:
            result: of the benchmark.
            load: of the arm.
            config: of its checkpoint; None where it cannot be read.
            fp8: whether the engine casts it to FP8.
        """
        gpu, why_not = self._device()
        if gpu is None or config is None:
            return ArmPlan(arm=load.arm, why_not=why_not or "model")
        basis = self._basis(result, load, config, gpu, fp8=fp8)
        try:
            return self._planned(load, basis, subject_of(basis, gpu))
        except SourceError as problem:
            return ArmPlan(arm=load.arm, why_not="model", said=problem.message)
        except UsageError as problem:
            return ArmPlan(arm=load.arm, why_not="version", said=problem.message)

    def _device(self) -> tuple[Gpu | None, WhyNot | None]:
        machine = self._machine
        if self._on_cpu:
            return processor(processor_name(machine.cpu, machine.cores), machine.memory_gib), None
        if len({gpu.name for gpu in machine.cuda_gpus}) > 1:
            return None, "several kinds of GPUs"
        gpu = seen_gpu(machine)
        return gpu, None if gpu else "GPU"

    def _planned(self, load: ArmLoad, basis: PlanBasis, subject: Subject) -> ArmPlan:
        plan = subject.plan(self._corrections)
        if not plan.fits:
            return ArmPlan(arm=load.arm, basis=basis, why_not="refused", said=" ".join(plan.shortages))
        correction = subject.correction(self._corrections)
        figures = figures_of(subject, self._corrections)
        settings = subject.settings
        asked = (plan.gpu.name, settings.gpus, subject.model.quantization.name, settings.engine.name)
        return ArmPlan(
            arm=load.arm,
            basis=basis,
            figures=figures,
            uncorrected=figures_of(subject, None) if correction else None,
            calibration_runs=correction.runs if correction else 0,
            in_sample=correction is not None and correction.holds(sampled(load)),
            why_no_speed=None if plan.rate else "not calibrated" if self._on_cpu else "rates",
            mismatch=None if correction else self._corrections.mismatch(*asked),
        )

    def _basis(
        self, result: BenchResult, load: ArmLoad, config: Mapping[str, Any], gpu: Gpu, *, fp8: bool
    ) -> PlanBasis:
        engine, options = self._engine, options_of(result.engine_arguments)
        prompt, answer = mean_tokens(load) if any(point.valid for point in load.points) else _asked(result)
        return PlanBasis(
            model=self._model,
            config={key: value for key, value in config.items() if key not in _WITHOUT_SIZE},
            online_quantization="fp8" if fp8 else None,
            device=gpu.name,
            on_cpu=self._on_cpu,
            memory_gib=gpu.memory_gib,
            vllm=load.engine_version or result.engine_version.rpartition(" ")[2],
            tensor_parallel=engine.tensor_parallel_size or 1,
            pipeline_parallel=engine.pipeline_parallel_size or 1,
            max_model_len=engine.max_model_len,
            max_num_seqs=engine.max_num_seqs,
            max_num_batched_tokens=_whole(options.get("max-num-batched-tokens")),
            gpu_memory_utilization=engine.gpu_memory_utilization,
            kv_cache_dtype=engine.kv_cache_dtype or "auto",
            kv_cache_gib=engine.cpu_kv_cache_gib if self._on_cpu else None,
            block_size=_whole(options.get("block-size")),
            eager=engine.enforce_eager,
            input_tokens=max(1, round(prompt)),
            output_tokens=max(1, round(answer)),
            concurrency=tuple(sorted({point.concurrency for point in load.points})),
        )


def _asked(result: BenchResult) -> tuple[float, float]:
    """Return the tokens of a prompt and of an answer that were asked for, on the average."""
    prompt, answer = result.input_tokens, result.output_tokens
    return (prompt.low + prompt.high) / 2, (answer.low + answer.high) / 2


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
