"""Pre-flight: whether a quantization can work, from config.json and safetensors headers alone, within seconds."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from math import ceil

from pipeline.base.errors import ImpossiblePlanError
from pipeline.base.progress import Reporter
from pipeline.base.results import Result
from pipeline.catalogue.recipe_plan import RecipePlans
from pipeline.models.expected import LAYER_TENSORS
from pipeline.models.headers import ModelHeaders, siblings, split_name
from pipeline.models.layers import LinearLayer, ignored
from pipeline.models.tokenizer import Tokenizer
from pipeline.quantize.architectures import mapping_for
from pipeline.quantize.backends import (
    BACKENDS,
    Backend,
    Choice,
    Obstacle,
    choose_backend,
    joining_obstacles,
    quantized_layers,
    width_obstacles,
)
from pipeline.quantize.checks import Check, Status
from pipeline.quantize.configuration import configuration_checks, generation_checks
from pipeline.quantize.control import check_layers
from pipeline.quantize.model_config import WITHOUT_FLOAT16
from pipeline.quantize.prediction import Prediction, predict
from pipeline.quantize.resources import Resources, resource_checks, resources_of
from pipeline.quantize.weights import token_checks, weight_checks
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.quantize import Quantize
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext

_BARE = ("layers.", "h.", "mtp.")
_OTHER_PARTS = (".visual.", "vision_tower", "vision_model", "audio_tower")
"""Names of models saved without their head, of extra prediction layers, and of the other parts of multimodal models."""
_STACK = "model.layers."
"""Where the well-known architectures have their decoder layers."""
_CPU_KERNEL = 32
"""Widths that vLLM's 4-bit kernel for CPUs takes are multiples of this (`CPUWNA16LinearKernel.can_implement`)."""


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
    machine: Resources
    checks: tuple[Check, ...]
    backend: str | None = None
    """None where no backend can do it."""
    prediction: Prediction | None = None
    """None where the plan is impossible before sizes matter."""
    plan: RecipePlans | None = None
    """Of the engine that serves the checkpoint, in a dry run; None where it is not planned."""
    not_planned: str | None = None
    """Why it is not."""

    def of_status(self, status: Status) -> tuple[Check, ...]:
        """Return the checks of one status."""
        return tuple(check for check in self.checks if check.status == status)

    def require_possible(self) -> Backend:
        """Return the backend, or say what cannot work and what would.

        Raises:
            ImpossiblePlanError: a check is impossible.
        """
        problems = [f"{check.statement} {check.advice}".rstrip() for check in self.of_status("impossible")]
        if problems or self.backend is None:
            raise ImpossiblePlanError("\n".join(problems))
        return BACKENDS[self.backend]


def checked_plan(
    model: ModelHeaders, recipe: Recipe, context: RunContext, tokenizer: Callable[[], Tokenizer] | None = None
) -> Preflight:
    """Return the plan for this machine after all checks; what is doubtful is said through the reporter.

    Raises:
        ImpossiblePlanError: it cannot work; says what would.
    """
    found = preflight(model, recipe, resources_of(context), tokenizer=tokenizer)
    _warn(found.of_status("warning"), context.reporter)
    found.require_possible()
    return found


def check_blocks(planned: Preflight, model: ModelHeaders, recipe: Recipe, blocks: int, reporter: Reporter) -> None:
    """Check a plan again with the number of blocks that calibration really has; only what is new is said.

    Raises:
        ImpossiblePlanError: it cannot work; says what would.
    """
    if blocks == recipe.quantize.calibration.blocks:
        return
    found = preflight(model, recipe, planned.machine, blocks)
    _warn([check for check in found.of_status("warning") if check not in planned.checks], reporter)
    found.require_possible()


def _warn(checks: Iterable[Check], reporter: Reporter) -> None:
    for check in checks:
        reporter.warn(f"{check.statement} {check.advice}")


def preflight(
    model: ModelHeaders,
    recipe: Recipe,
    machine: Resources,
    blocks: int | None = None,
    tokenizer: Callable[[], Tokenizer] | None = None,
) -> Preflight:
    """Return the plan and its checks.

    Args:
        model: its configuration and headers.
        recipe: all of it.
        machine: what may be used.
        blocks: of calibration text; the recipe's unless fewer were found.
        tokenizer: loads the model's; None where it was held against the embedding before.
    """
    settings, controlled = recipe.quantize, recipe.wants("rtn")
    weights = (*configuration_checks(model), *weight_checks(model))
    tokens = tuple(token_checks(model, tokenizer) if tokenizer else ())
    widths = [Check.of_obstacle("group size", obstacle) for obstacle in width_obstacles(model, settings)]
    try:
        choice = choose_backend(model, settings)
    except ImpossiblePlanError as problem:
        refused = Check(name="backend", status="impossible", statement=problem.message)
        checks = (*weights, *tokens, refused, *widths, _licence(model))
        return Preflight(model=_facts(model, {}), machine=machine, checks=checks)
    if any(check.status == "impossible" for check in weights):
        checks = (*weights, *tokens, *widths, *_foreign(model), _licence(model))
        return Preflight(model=_facts(model, {}), machine=machine, checks=checks)
    backend, quantized = choice.backend, quantized_layers(choice.backend, model, settings)
    blocks, sizes = blocks or settings.calibration.blocks, (machine.accelerator, machine.cores)
    prediction = (
        predict(backend, model, settings, blocks, *sizes, controlled=controlled)
        if model.blocks and not widths
        else None
    )
    checks = (
        _backend(choice, model),
        *(widths or [Check.ok("group size", f"{settings.group_size}; it divides every row.")]),
        *(Check.of_obstacle("joined layers", each) for each in joining_obstacles(backend, model, settings)),
        *_ignore(model, settings, quantized),
        *(_control(settings, quantized) if controlled else ()),
        *_coverage(model, settings, quantized),
        *(weights or [Check.ok("weights", "Those that the configuration asks for are there.")]),
        *tokens,
        *generation_checks(model),
        *_foreign(model),
        *_vllm(model, recipe.engine, machine, quantized),
        _sixteen_bit(model, quantized),
        *_experts(model, settings, blocks),
        *(resource_checks(prediction, machine) if prediction else ()),
        _licence(model),
    )
    return Preflight(
        model=_facts(model, quantized),
        machine=machine,
        checks=checks,
        backend=backend.name,
        prediction=prediction,
    )


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


def _backend(choice: Choice, model: ModelHeaders) -> Check:
    if mapping_for(choice.backend.name, model) == "default":
        statement = f"llm-compressor does not know {model.architecture}; it uses Llama's AWQ mapping, whose names fit."
        return Check.warning(
            "backend", statement, "Look at the coverage and the accuracy before you use the checkpoint."
        )
    return Check.ok("backend", f"{choice.backend.label}: {choice.reason}.")


def _ignore(model: ModelHeaders, settings: Quantize, quantized: Mapping[str, LinearLayer]) -> Iterator[Check]:
    known = [*model.layers, *(["lm_head"] if model.tied else [])]
    idle = [pattern for pattern in settings.ignore if not any(fnmatchcase(name, pattern) for name in known)]
    if idle:
        outside = ", ".join(name for name in model.layers if not split_name(name)[0])
        hint = f" Outside of the decoder layers there is {outside}." if outside else ""
        statement = f"No linear layer matches {', '.join(idle)} of quantize.ignore.{hint}"
        yield Check.warning("ignore", statement, "Correct the pattern or remove it.")
    if not quantized:
        nothing = Obstacle("No linear layer is left to quantize", "Remove patterns from quantize.ignore.")
        yield Check.of_obstacle("ignore", nothing)


def _vllm(
    model: ModelHeaders, engine: EngineSettings, machine: Resources, quantized: Mapping[str, LinearLayer]
) -> Iterator[Check]:
    if engine.dtype == "float16" and model.model_type in WITHOUT_FLOAT16:
        statement = f"vLLM refuses {model.model_type} at float16, so the stages after this one would fail."
        yield Check.warning("vLLM", statement, "Set engine.dtype to bfloat16.")
    joined: dict[tuple[str, ...], tuple[int, int]] = {}
    for layer in quantized.values():
        key = (layer.name.rpartition(".")[0], *siblings(layer.kind))
        joined[key] = (layer.in_features, joined.get(key, (0, 0))[1] + layer.out_features)
    odd = [key[0] for key, (rows, columns) in joined.items() if rows % _CPU_KERNEL or columns % _CPU_KERNEL]
    if odd and machine.accelerator == "cpu":
        statement = f"vLLM's 4-bit kernel for CPUs takes widths that are multiples of 32, unlike some in {odd[0]}."
        yield Check.warning("vLLM", statement, "Serve the checkpoint on a GPU, or ignore these layers.")


def _sixteen_bit(model: ModelHeaders, quantized: Mapping[str, LinearLayer]) -> Check:
    share = 1 - sum(layer.parameters for layer in quantized.values()) / model.parameters
    tied = "The output head is the embedding, which is no linear layer: " if model.tied else ""
    return Check.ok("16 bit", f"{tied}{share:.0%} of all parameters stay in 16 bit.")


def _experts(model: ModelHeaders, settings: Quantize, blocks: int) -> Iterator[Check]:
    if model.fused_experts:
        share = sum(tensor.parameters for tensor in model.fused_experts) / model.parameters
        statement = f"{share:.0%} of the parameters are experts in 3-D tensors, which are no linear layers."
        yield Check.warning("experts", statement, "Expect them to stay in 16 bit; the coverage audit will say.")
    if not model.experts:
        return
    block_tokens = settings.calibration.block_tokens
    tokens = blocks * block_tokens * model.experts_per_token // model.experts
    statement = f"Each of {model.experts} experts sees about {tokens} calibration tokens, if all are used alike"
    if tokens < block_tokens:
        advice = f"Set quantize.calibration.blocks to {ceil(model.experts / max(model.experts_per_token, 1))} or more."
        yield Check.warning("experts", f"{statement}: less than one block of {block_tokens}.", advice)
    else:
        yield Check.ok("experts", f"{statement}.")


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
    known = model.model_type in LAYER_TENSORS
    odd = [
        name
        for name in model.layers
        if name.startswith(_BARE)
        or any(part in name for part in _OTHER_PARTS)
        or (known and split_name(name)[0] and not name.startswith(_STACK))
    ]
    if odd:
        yield Check(
            name="tensors",
            status="impossible",
            statement=f"{len(odd)} linear layers, such as {odd[0]}, are not where a causal LM has them.",
            advice="Load the model as a causal LM with transformers, save it, and give that folder.",
        )


def _control(settings: Quantize, quantized: Mapping[str, LinearLayer]) -> Iterator[Check]:
    try:
        check_layers(quantized.values(), settings.group)
    except ImpossiblePlanError as problem:
        yield Check(name="control", status="impossible", statement=problem.message)


def _licence(model: ModelHeaders) -> Check:
    if model.licence == "unknown":
        return Check.warning(
            "licence", "The licence of the model is unknown.", "Find it out, and set model.licence to it."
        )
    return Check.ok("licence", f"{model.licence}.")
