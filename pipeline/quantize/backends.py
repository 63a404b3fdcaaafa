"""The two backends: what each can do, and which one a recipe gets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.base.errors import ImpossiblePlanError
from pipeline.models.headers import ModelHeaders, is_expert, siblings
from pipeline.models.layers import LinearLayer, ignored
from pipeline.quantize.architectures import knowledge, mapping_for
from pipeline.recipe.quantize import GROUP_SIZES, Quantize
from pipeline.recipe.quantize import Backend as BackendName


@dataclass(frozen=True)
class Backend:
    """One program that quantizes with AWQ."""

    name: BackendName
    """As the recipe calls it."""
    label: str
    """As its makers call it."""
    engine: str
    """Its runtime."""
    worker: str
    """Script in `pipeline/runtimes/workers`."""
    format: str
    """Of the checkpoint, as vLLM's loaders call it."""
    group_sizes: tuple[int | str, ...]
    symmetric: bool
    """Can store codes without zero points."""
    clips: bool
    """Searches for a clipping of the weights, too."""
    resumes: bool
    """Takes up what the searches of a run that broke off found."""
    experts: tuple[str, ...]
    """Model types of mixtures of experts that it was seen to quantize whole and without harm."""
    only_decoder_layers: bool
    """Leaves linear layers outside of the decoder layers, such as the head, in 16 bit whatever the recipe says."""
    writes_dtype: str | None
    """Of what stays in 16 bit; None keeps the source's."""
    reads_transformers_4: bool
    """Its transformers does not understand a config.json written by transformers 5."""

    def out_multiple(self, layer: LinearLayer, *, zero_point: bool) -> int:
        """Return what the layer's out_features must be a multiple of.

        AutoAWQ: its clipping works on 64 rows (`AwqQuantizer._compute_best_clip`), its packing on 32
        (`WQLinear_GEMM.from_linear`). llm-compressor: eight zero points to an integer (`pack_to_int32`).
        """
        if self.clips:
            return 64 if is_clipped(layer) else 32
        return 8 if zero_point else 1


AUTOAWQ = Backend(
    name="autoawq",
    label="AutoAWQ",
    engine="autoawq",
    worker="autoawq_quantize",
    format="awq-gemm",
    # Whole rows end in an error: `weight.view(-1, group_size)` with -1 (`AwqQuantizer._search_best_scale`).
    group_sizes=GROUP_SIZES,
    symmetric=False,  # `assert scales is not None and zeros is not None` (`WQLinear_GEMM.from_linear`)
    clips=True,
    resumes=True,
    experts=("mixtral", "qwen3_moe"),
    only_decoder_layers=True,
    writes_dtype="float16",
    reads_transformers_4=True,
)
LLM_COMPRESSOR = Backend(
    name="llm-compressor",
    label="llm-compressor",
    engine="llmcompressor",
    worker="llmcompressor_quantize",
    format="pack-quantized",
    group_sizes=(*GROUP_SIZES, "channel"),
    symmetric=True,
    clips=False,
    resumes=True,
    experts=("qwen3_moe",),
    only_decoder_layers=False,
    writes_dtype=None,
    reads_transformers_4=False,
)
BACKENDS: dict[str, Backend] = {backend.name: backend for backend in (AUTOAWQ, LLM_COMPRESSOR)}
"""By name, in the order that `auto` tries them."""

_ROTARY = "AutoAWQ looks for rotary embeddings, which this architecture does not keep where AutoAWQ expects them"
_INSIDE_ACTIVATION = "AutoAWQ divides inside the activation function, by a tensor of its own that vLLM does not load"
REFUSED: dict[tuple[BackendName, str], str] = {
    ("autoawq", "bloom"): _ROTARY,
    ("autoawq", "gpt_bigcode"): _ROTARY,
    ("autoawq", "gptj"): _ROTARY,
    ("autoawq", "opt"): _ROTARY,
    ("autoawq", "gpt_neox"): _INSIDE_ACTIVATION,
    ("autoawq", "starcoder2"): _INSIDE_ACTIVATION,
    ("autoawq", "mpt"): "AutoAWQ looks for a dropout layer that transformers 4.51 does not have in this architecture",
    ("autoawq", "deepseek_v3"): (
        "AutoAWQ scales the norm before the experts but not their router, so that tokens go to other experts"
    ),
    ("llm-compressor", "bloom"): "llm-compressor ends in an error when it scales the activation function of bloom",
    ("llm-compressor", "mixtral"): (
        "llm-compressor has no AWQ mapping for mixtral, and with Llama's it would not scale the router with the experts"
    ),
    ("llm-compressor", "qwen2_moe"): (
        "llm-compressor scales the norm before the experts but not the shared expert, which reads the same norm"
    ),
}
"""(backend, model type) -> what went wrong when a small model of that type was tried, though the backend lists it."""

_UNCLIPPED = ("q_", "k_", "query", "key", "Wqkv")


def is_clipped(layer: LinearLayer) -> bool:
    """Return whether AutoAWQ clips the layer: it leaves out what has one of five strings in its name.

    `k_` is also in `block_sparse_moe`, so Mixtral's experts are not clipped.
    """
    return not any(part in layer.kind for part in _UNCLIPPED)


@dataclass(frozen=True)
class Choice:
    """The backend of a run."""

    backend: Backend
    reason: str


@dataclass(frozen=True)
class Obstacle:
    """Why a backend cannot do what is asked."""

    statement: str
    """Without a full stop."""
    advice: str = ""
    """A sentence: the setting that removes it; empty where none does."""


def choose_backend(model: ModelHeaders, settings: Quantize) -> Choice:
    """Return the backend that the recipe names, or for `auto` the first that can do what is asked.

    Raises:
        ImpossiblePlanError: there is none; says why and what would work.
    """
    found = {backend.name: list(obstacles(backend, model, settings)) for backend in BACKENDS.values()}
    free = [backend for backend in BACKENDS.values() if not found[backend.name]]
    if settings.backend != "auto":
        if found[settings.backend]:
            raise _refusal([found[settings.backend]], free)
        return Choice(BACKENDS[settings.backend], "named in the recipe")
    if not free:
        raise _refusal(list(found.values()), [])
    if free[0] is AUTOAWQ:
        return Choice(AUTOAWQ, f"it has a mapping for {model.model_type} and does what is asked")
    return Choice(free[0], "; ".join(obstacle.statement for obstacle in found[AUTOAWQ.name]))


def obstacles(backend: Backend, model: ModelHeaders, settings: Quantize) -> Iterator[Obstacle]:
    """Yield why a backend cannot quantize a model as asked."""
    yield from _architecture_obstacles(backend, model)
    if settings.group_size not in backend.group_sizes:
        sizes = " or ".join(str(size) for size in reversed(backend.group_sizes))
        yield Obstacle(f"{backend.label} cannot quantize whole rows", f"Set quantize.group_size to {sizes}.")
    if not (settings.zero_point or backend.symmetric):
        yield Obstacle(f"{backend.label} cannot store codes without zero points", "Set quantize.zero_point to true.")
    yield from _out_features_obstacles(backend, model, settings)


def quantized_layers(backend: Backend, model: ModelHeaders, settings: Quantize) -> dict[str, LinearLayer]:
    """Return the linear layers that become 4 bit, by name."""
    left = ignored(model.layers.values(), settings.ignore)
    inside = {layer.name for layers in model.blocks.values() for layer in layers}
    return {
        name: layer
        for name, layer in model.layers.items()
        if name not in left and (name in inside or not backend.only_decoder_layers)
    }


def kinds(layers: dict[str, LinearLayer]) -> dict[str, list[LinearLayer]]:
    """Return layers by kind."""
    found: dict[str, list[LinearLayer]] = {}
    for layer in layers.values():
        found.setdefault(layer.kind, []).append(layer)
    return found


def width_obstacles(model: ModelHeaders, settings: Quantize) -> Iterator[Obstacle]:
    """Yield the linear layers whose rows the group size does not divide; the same for both backends."""
    odd = odd_layers(model, settings)
    if not odd:
        return
    widths = {layer.in_features for layers in odd.values() for layer in layers}
    fitting = [str(size) for size in reversed(GROUP_SIZES) if not any(width % size for width in widths)]
    named = ", ".join(f"{len(layers)} {kind} with {layers[0].in_features}" for kind, layers in odd.items())
    options = [f"set quantize.group_size to {' or '.join(fitting)}"] if fitting else []
    if len(odd) < len(kinds(model.layers)):
        options.append(f"add to quantize.ignore: {ignore_patterns(odd)}")
    advice = ", or ".join(options) or "choose another model"
    yield Obstacle(
        f"in_features of linear layers are no multiple of the group size {settings.group_size}: {named}",
        f"{advice[0].upper()}{advice[1:]}.",
    )


def odd_layers(model: ModelHeaders, settings: Quantize) -> dict[str, list[LinearLayer]]:
    """Return the layers to quantize, by kind, whose rows the group size does not divide."""
    left = ignored(model.layers.values(), settings.ignore)
    odd = {
        name: layer
        for name, layer in model.layers.items()
        if name not in left and settings.group != -1 and layer.in_features % settings.group
    }
    return kinds(odd)


def joining_obstacles(backend: Backend, model: ModelHeaders, settings: Quantize) -> Iterator[Obstacle]:
    """Yield layers that vLLM joins to one and that the recipe would treat differently; vLLM refuses to load them."""
    left = ignored(model.layers.values(), settings.ignore)
    groups: dict[tuple[str, ...], list[bool]] = {}
    for layer in model.layers.values():
        parent, experts = layer.name.rpartition(".")[0], is_expert(layer.kind)
        key = (layer.name.split(".experts.")[0], "experts") if experts else (parent, *siblings(layer.kind))
        groups.setdefault(key, []).append(layer.name in left)
    torn = [key for key, states in groups.items() if any(states) and not all(states)]
    if torn:
        parent, *names = torn[0]
        joined = ", ".join(name.rpartition(".")[2] for name in names)
        yield Obstacle(
            f"vLLM joins {joined} of {parent} to one layer, and quantize.ignore leaves only a part of it in 16 bit "
            f"({len(torn)} such layers)",
            "Ignore all parts or none.",
        )
    if backend is AUTOAWQ and any(key[-1] == "experts" and all(states) for key, states in groups.items()):
        yield Obstacle(
            "vLLM does not see from AutoAWQ's list of layers left in 16 bit that experts are among them",
            "Take the experts out of quantize.ignore.",
        )


def _architecture_obstacles(backend: Backend, model: ModelHeaders) -> Iterator[Obstacle]:
    known, mapping = knowledge()[backend.name], mapping_for(backend.name, model)
    if (backend.name, model.model_type) in REFUSED:
        yield Obstacle(REFUSED[backend.name, model.model_type])
    elif mapping == "unbuildable":
        builder = f"transformers {known.versions['transformers']}"
        yield Obstacle(f"{backend.label}'s {builder} does not build {model.model_type} as a causal language model")
    elif mapping == "unmapped":
        yield Obstacle(f"{backend.label} has no AWQ mapping for {model.model_type}")
    elif (model.experts or model.fused_experts) and model.model_type not in backend.experts:
        yield Obstacle(f"{backend.label} was not seen to quantize the experts of {model.model_type}")
    elif model.fused_experts and backend.reads_transformers_4:
        yield Obstacle(f"{backend.label}'s transformers 4 cannot read experts that are stored as one 3-D tensor")


def _out_features_obstacles(backend: Backend, model: ModelHeaders, settings: Quantize) -> Iterator[Obstacle]:
    odd = {
        kind: multiple
        for kind, layers in kinds(quantized_layers(backend, model, settings)).items()
        for multiple in [backend.out_multiple(layers[0], zero_point=settings.zero_point)]
        if any(layer.out_features % multiple for layer in layers)
    }
    if odd:
        named = ", ".join(f"{kind} of {multiple}" for kind, multiple in odd.items())
        advice = f"Add to quantize.ignore: {ignore_patterns(odd)}."
        yield Obstacle(f"{backend.label} needs out_features that are a multiple, which these are not: {named}", advice)


def ignore_patterns(kinds_: Iterable[str]) -> str:
    """Return the patterns that leave these kinds in 16 bit, with all that vLLM joins with them."""
    patterns = ("*experts.*" if is_expert(kind) else f"*{sibling}" for kind in kinds_ for sibling in siblings(kind))
    return ", ".join(dict.fromkeys(patterns))


def _refusal(found: list[list[Obstacle]], free: list[Backend]) -> ImpossiblePlanError:
    """Return the refusal; `found` has the obstacles of each backend that was considered."""
    reasons = "; ".join(dict.fromkeys(obstacle.statement for each in found for obstacle in each))
    removable = [each for each in found if all(obstacle.advice for obstacle in each)]
    if free:
        advice = f"Set quantize.backend to {free[0].name}."
    elif removable:
        advice = " ".join(dict.fromkeys(obstacle.advice for obstacle in removable[0]))
    else:
        advice = "Choose another model."
    return ImpossiblePlanError(f"{reasons}. {advice}")
