"""Pre-flight: whether a quantization can work, from config.json and safetensors headers alone, within seconds."""

import shutil
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from math import ceil
from pathlib import Path
from typing import Literal

import psutil

from pipeline.context import RunContext
from pipeline.errors import ImpossiblePlanError
from pipeline.machine import usable_cores
from pipeline.quantize.architectures import ModelHeaders, headers_of, mapping_for, siblings, split_name
from pipeline.quantize.backends import (
    Choice,
    Obstacle,
    choose_backend,
    joining_obstacles,
    quantized_layers,
    width_obstacles,
)
from pipeline.quantize.control import check_layers
from pipeline.quantize.layers import LinearLayer, ignored
from pipeline.quantize.prediction import Prediction, predict
from pipeline.quantize.translate import WITHOUT_FLOAT16
from pipeline.recipe.models import Engine, Quantize, Recipe
from pipeline.record import Result
from pipeline.runtimes.accelerator import Resolved, list_gpus, resolve_accelerator
from pipeline.sources import SourceModel

Status = Literal["ok", "warning", "impossible"]
_BARE = ("layers.", "h.", "mtp.")
_OTHER_PARTS = (".visual.", "vision_tower", "vision_model", "audio_tower")
"""Names of models saved without their head, of extra prediction layers, and of the other parts of multimodal models."""
_CPU_KERNEL = 32
"""Widths that vLLM's 4-bit kernel for CPUs takes are multiples of this (`CPUWNA16LinearKernel.can_implement`)."""


class Check(Result):
    """One thing that was looked at."""

    name: str
    status: Status
    statement: str
    advice: str = ""
    """What to do about it."""

    @classmethod
    def of_obstacle(cls, name: str, obstacle: Obstacle) -> "Check":
        """Return an obstacle as a check that is impossible."""
        return cls(name=name, status="impossible", statement=f"{obstacle.statement}.", advice=obstacle.advice)


class Machine(Result):
    """What a quantization may use."""

    accelerator: Resolved
    cores: int
    memory_bytes: int
    """Of the system, or the container's limit."""
    memory_available_bytes: int
    gpu_memory_bytes: int | None
    """Of the smallest GPU; None without one, or where the driver does not say."""
    disk_free_bytes: int
    """Where the output folder is or will be."""


class ModelFacts(Result):
    """What a model is."""

    reference: str
    architecture: str
    model_type: str
    licence: str
    parameters: int
    linear_parameters: int
    quantized_parameters: int
    """Of those, how many become 4 bit."""
    decoder_layers: int
    tied_embeddings: bool
    experts: int
    experts_per_token: int
    download_bytes: int


class Preflight(Result):
    """A quantization as it would be done, and whether it can work."""

    model: ModelFacts
    machine: Machine
    checks: tuple[Check, ...]
    backend: str | None = None
    """None where no backend can do it."""
    prediction: Prediction | None = None
    """None where the plan is impossible before sizes matter."""

    def of_status(self, status: Status) -> tuple[Check, ...]:
        """Return the checks of one status."""
        return tuple(check for check in self.checks if check.status == status)

    def require_possible(self) -> None:
        """Do nothing, or say what cannot work and what would.

        Raises:
            ImpossiblePlanError: a check is impossible.
        """
        problems = [f"{check.statement} {check.advice}".rstrip() for check in self.of_status("impossible")]
        if problems:
            raise ImpossiblePlanError("\n".join(problems))


def checked_plan(source: SourceModel, recipe: Recipe, context: RunContext, blocks: int | None = None) -> Choice:
    """Return the backend to use after all checks; what is doubtful is said through the reporter.

    With the number of `blocks` that calibration really has, only what is new against the recipe's number is said.

    Raises:
        ImpossiblePlanError: it cannot work; says what would.
    """
    model, machine = headers_of(source), this_machine(resolve_accelerator(context.accelerator)[0], context.out)
    planned = preflight(model, recipe.quantize, recipe.engine, machine)
    found = planned if blocks is None else preflight(model, recipe.quantize, recipe.engine, machine, blocks)
    for check in found.of_status("warning"):
        if blocks is None or check not in planned.checks:
            context.reporter.warn(f"{check.statement} {check.advice}")
    found.require_possible()
    return choose_backend(model, recipe.quantize)


def preflight(
    model: ModelHeaders, settings: Quantize, engine: Engine, machine: Machine, blocks: int | None = None
) -> Preflight:
    """Return the plan and its checks; `blocks` of calibration text are the recipe's unless fewer were found."""
    widths = [Check.of_obstacle("group size", obstacle) for obstacle in width_obstacles(model, settings)]
    try:
        choice = choose_backend(model, settings)
    except ImpossiblePlanError as problem:
        checks = (Check(name="backend", status="impossible", statement=problem.message), *widths, _licence(model))
        return Preflight(model=_facts(model, {}), machine=machine, checks=checks)
    backend, quantized = choice.backend, quantized_layers(choice.backend, model, settings)
    blocks, sizes = blocks or settings.calibration.blocks, (machine.accelerator, machine.cores)
    prediction = predict(backend, model, settings, blocks, *sizes) if model.blocks and not widths else None
    checks = (
        _backend(choice, model),
        *(widths or [_ok("group size", f"{settings.group_size}; it divides every row.")]),
        *(Check.of_obstacle("joined layers", each) for each in joining_obstacles(backend, model, settings)),
        *_ignore(model, settings, quantized),
        *_control(settings, quantized),
        *_coverage(model, settings, quantized),
        *_foreign(model),
        *_vllm(model, engine, machine, quantized),
        _sixteen_bit(model, quantized),
        *_experts(model, settings, blocks),
        *(_resources(prediction, machine) if prediction else ()),
        _licence(model),
    )
    return Preflight(
        model=_facts(model, quantized),
        machine=machine,
        checks=checks,
        backend=backend.name,
        prediction=prediction,
    )


def this_machine(accelerator: Resolved, out: Path) -> Machine:
    """Return what a quantization into the folder `out` may use now; nothing is made."""
    memory = psutil.virtual_memory()
    folder = next(parent for parent in (out, *out.parents) if parent.exists())
    gpus = [gpu.memory_mib for gpu in list_gpus() if gpu.memory_mib] if accelerator == "cuda" else []
    limit = min(memory.total, _container_limit() or memory.total)
    return Machine(
        accelerator=accelerator,
        cores=usable_cores(),
        memory_bytes=limit,
        memory_available_bytes=min(memory.available, limit),
        gpu_memory_bytes=min(gpus) * 2**20 if gpus else None,
        disk_free_bytes=shutil.disk_usage(folder).free,
    )


def _container_limit() -> int | None:
    path = Path("/sys/fs/cgroup/memory.max")
    text = path.read_text().strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None


def _facts(model: ModelHeaders, quantized: Mapping[str, LinearLayer]) -> ModelFacts:
    return ModelFacts(
        reference=model.reference,
        architecture=model.architecture,
        model_type=model.model_type,
        licence=model.licence,
        parameters=model.parameters,
        linear_parameters=sum(layer.parameters for layer in model.layers.values()),
        quantized_parameters=sum(layer.parameters for layer in quantized.values()),
        decoder_layers=len(model.blocks),
        tied_embeddings=model.tied,
        experts=model.experts,
        experts_per_token=model.experts_per_token,
        download_bytes=model.download_bytes,
    )


def _ok(name: str, statement: str) -> Check:
    return Check(name=name, status="ok", statement=statement)


def _warning(name: str, statement: str, advice: str) -> Check:
    return Check(name=name, status="warning", statement=statement, advice=advice)


def _backend(choice: Choice, model: ModelHeaders) -> Check:
    if mapping_for(choice.backend.name, model) == "default":
        statement = f"llm-compressor does not know {model.architecture}; it uses Llama's AWQ mapping, whose names fit."
        return _warning("backend", statement, "Look at the coverage and the accuracy before you use the checkpoint.")
    return _ok("backend", f"{choice.backend.label}: {choice.reason}.")


def _ignore(model: ModelHeaders, settings: Quantize, quantized: Mapping[str, LinearLayer]) -> Iterator[Check]:
    known = [*model.layers, *(["lm_head"] if model.tied else [])]
    idle = [pattern for pattern in settings.ignore if not any(fnmatchcase(name, pattern) for name in known)]
    if idle:
        outside = ", ".join(name for name in model.layers if not split_name(name)[0])
        hint = f" Outside of the decoder layers there is {outside}." if outside else ""
        statement = f"No linear layer matches {', '.join(idle)} of quantize.ignore.{hint}"
        yield _warning("ignore", statement, "Correct the pattern or remove it.")
    if not quantized:
        nothing = Obstacle("No linear layer is left to quantize", "Remove patterns from quantize.ignore.")
        yield Check.of_obstacle("ignore", nothing)


def _vllm(
    model: ModelHeaders, engine: Engine, machine: Machine, quantized: Mapping[str, LinearLayer]
) -> Iterator[Check]:
    if engine.dtype == "float16" and model.model_type in WITHOUT_FLOAT16:
        statement = f"vLLM refuses {model.model_type} at float16, so the stages after this one would fail."
        yield _warning("vLLM", statement, "Set engine.dtype to bfloat16.")
    joined: dict[tuple[str, ...], tuple[int, int]] = {}
    for layer in quantized.values():
        key = (layer.name.rpartition(".")[0], *siblings(layer.kind))
        joined[key] = (layer.in_features, joined.get(key, (0, 0))[1] + layer.out_features)
    odd = [key[0] for key, (rows, columns) in joined.items() if rows % _CPU_KERNEL or columns % _CPU_KERNEL]
    if odd and machine.accelerator == "cpu":
        statement = f"vLLM's 4-bit kernel for CPUs takes widths that are multiples of 32, unlike some in {odd[0]}."
        yield _warning("vLLM", statement, "Serve the checkpoint on a GPU, or ignore these layers.")


def _sixteen_bit(model: ModelHeaders, quantized: Mapping[str, LinearLayer]) -> Check:
    share = 1 - sum(layer.parameters for layer in quantized.values()) / model.parameters
    tied = "The output head is the embedding, which is no linear layer: " if model.tied else ""
    return _ok("16 bit", f"{tied}{share:.0%} of all parameters stay in 16 bit.")


def _experts(model: ModelHeaders, settings: Quantize, blocks: int) -> Iterator[Check]:
    if model.fused_experts:
        share = sum(tensor.parameters for tensor in model.fused_experts) / model.parameters
        statement = f"{share:.0%} of the parameters are experts in 3-D tensors, which are no linear layers."
        yield _warning("experts", statement, "Expect them to stay in 16 bit; the coverage audit will say.")
    if not model.experts:
        return
    block_tokens = settings.calibration.block_tokens
    tokens = blocks * block_tokens * model.experts_per_token // model.experts
    statement = f"Each of {model.experts} experts sees about {tokens} calibration tokens, if all are used alike"
    if tokens < block_tokens:
        advice = f"Set quantize.calibration.blocks to {ceil(model.experts / max(model.experts_per_token, 1))} or more."
        yield _warning("experts", f"{statement}: less than one block of {block_tokens}.", advice)
    else:
        yield _ok("experts", f"{statement}.")


def size_text(amount: int) -> str:
    """Return bytes for a reader: `4.3 MiB`, `23.5 GiB`."""
    return f"{amount / 2**30:.1f} GiB" if amount >= 2**30 else f"{amount / 2**20:.1f} MiB"


_LOWER = "lower quantize.calibration.blocks or quantize.n_parallel_calib_samples."


def _resources(needed: Prediction, machine: Machine) -> Iterator[Check]:
    available = machine.memory_available_bytes
    for name, amount, there, advice in (
        ("memory", needed.memory_bytes, machine.memory_bytes, f"Use a machine with more memory, or {_LOWER}"),
        ("GPU memory", needed.gpu_memory_bytes, machine.gpu_memory_bytes, f"Use a larger GPU, or {_LOWER}"),
        ("disk", needed.disk_bytes, machine.disk_free_bytes, "Free space, or choose another folder with --out."),
    ):
        if amount is None or there is None:
            continue
        statement = f"About {size_text(amount)} of {name} needed (modelled), {size_text(there)} there"
        if amount > there:
            yield Check.of_obstacle(name, Obstacle(statement, advice))
        elif name == "memory" and amount > available:
            yield _warning(name, f"{statement}, {size_text(available)} free now.", f"End programs, or {_LOWER}")
        else:
            yield _ok(name, f"{statement}.")
    why = "on a GPU" if machine.accelerator == "cuda" else "for this backend"
    time = f"Not predicted: not measured {why} yet."
    yield _ok(
        "time",
        time if needed.seconds is None else f"About {ceil(needed.seconds / 60)} min (modelled; other CPUs differ).",
    )


def _coverage(model: ModelHeaders, settings: Quantize, quantized: Mapping[str, LinearLayer]) -> Iterator[Check]:
    """Yield a coverage gate that must fail."""
    left = ignored(model.layers.values(), settings.ignore)
    asked = sum(layer.parameters for name, layer in model.layers.items() if name not in left)
    share = sum(layer.parameters for layer in quantized.values()) / asked if asked else 0.0
    if share < settings.coverage.min_4bit:
        untouched = {model.layers[name].kind for name in model.layers.keys() - quantized.keys() - left.keys()}
        yield Check(
            name="coverage",
            status="impossible",
            statement=f"Only {share:.1%} of the linear layers that the recipe does not ignore would become 4 bit; "
            f"{settings.coverage.min_4bit:.1%} are asked for. The backend leaves {', '.join(sorted(untouched))}.",
            advice="Add these to quantize.ignore, or lower quantize.coverage.min_4bit.",
        )


def _foreign(model: ModelHeaders) -> Iterator[Check]:
    """Yield tensors that a causal LM drops or renames on loading, so that the checkpoint could not be compared."""
    odd = [name for name in model.layers if name.startswith(_BARE) or any(part in name for part in _OTHER_PARTS)]
    if odd:
        yield Check(
            name="tensors",
            status="impossible",
            statement=f"{len(odd)} linear layers, such as {odd[0]}, are not where a causal LM has them.",
            advice="Load the model as a causal LM with transformers, save it, and give that folder.",
        )


def _control(settings: Quantize, quantized: Mapping[str, LinearLayer]) -> Iterator[Check]:
    if settings.control:
        try:
            check_layers(quantized.values(), settings.group)
        except ImpossiblePlanError as problem:
            yield Check(name="control", status="impossible", statement=problem.message)


def _licence(model: ModelHeaders) -> Check:
    if model.licence == "unknown":
        return _warning("licence", "The licence of the model is unknown.", "Find it out, and set model.licence to it.")
    return _ok("licence", f"{model.licence}.")
