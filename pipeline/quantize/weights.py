"""Whether the weights of a model are those that its configuration and its index speak of, from headers alone.

What a backend does not find it fills with random numbers or ends on, hours later and with the blame on somebody else.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

from pipeline.base.errors import ImpossiblePlanError, SourceError
from pipeline.models.expected import (
    APART_UNLESS_SAID,
    EMBEDDING,
    FINAL_NORM,
    HEAD,
    LAYER_TENSORS,
    expected_shape,
    is_unread,
    layer_tensors,
)
from pipeline.models.files import MERGE
from pipeline.models.headers import HEADS, ModelHeaders, layer_number, split_name
from pipeline.models.layers import EMBEDDINGS
from pipeline.models.tensors import Tensor, equal, read_headers
from pipeline.models.tokenizer import Tokenizer, Vocabulary, load_tokenizer, token_ids
from pipeline.models.trust import read_config
from pipeline.quantize.backends import Obstacle
from pipeline.quantize.checks import Check

_SHOWN = 3
_WHOLE = "Copy or download the model again, or save it whole with `save_pretrained` of transformers."
_ADAPTED = (
    *("base_model.", "lora_", ".base_layer.", "modules_to_save.", ".ia3_", "prompt_embeddings", ".oft_", ".vera_"),
    *(".magnitude_vector", ".dora_"),
)
"""Parts of tensor names that PEFT writes for a model whose adapter is not merged."""
_WRAPPERS = ("_orig_mod.", "module.", "_fsdp_wrapped_module.", "_forward_module.")
"""Prefixes left by torch.compile, DistributedDataParallel, FSDP and DeepSpeed."""


def weight_checks(model: ModelHeaders) -> Iterator[Check]:
    """Yield what is wrong with the weights; nothing where they fit."""
    found = [*_unmerged(model)] or [
        *_index(model),
        *_layer_count(model),
        *_lost(model),
        *_unread(model),
        *_vocabulary(model),
        *_shapes(model),
        *_head(model),
        *_last_norm(model),
    ]
    yield from (Check.of_obstacle("weights", obstacle) for obstacle in found)
    if not found and model.tied and model.download_bytes and _own_head(model):
        statement = f"{_own_head(model)} is stored beside the embedding that tie_word_embeddings says it is."
        yield Check.warning("weights", statement, "quantize compares the two, and refuses them where they differ.")


def token_checks(model: ModelHeaders, load: Callable[[], Tokenizer]) -> Iterator[Check]:
    """Yield a tokenizer that cannot be loaded, or tokens whose id has no row in the embedding.

    One of these in a prompt ends the engine for everybody.
    """
    embedding = embedding_of(model)
    try:
        tokens = token_ids(cast("Vocabulary", load()))
    except SourceError as problem:
        yield Check(name="tokenizer", status="impossible", statement=problem.message)
        return
    if embedding is None or not embedding.shape:
        return
    rows = embedding.shape[0]
    odd = [f"{tokens[number]} is {number}" for number in sorted(tokens) if number >= rows]
    if odd:
        statement = f"The tokenizer has tokens without a row in {embedding.name}, which has {rows} rows: {_named(odd)}"
        advice = (
            "Take them out of the tokenizer's files in a copy of the model, or give them rows with "
            "`resize_token_embeddings` of transformers, train these and save the model again."
        )
        yield Check.of_obstacle("tokenizer", Obstacle(statement, advice))


def check_tokens(folder: Path, *, trust_remote_code: bool = False) -> None:
    """Refuse a checkpoint that one prompt could end the engine with; one without an embedding is not looked at.

    What was quantized by this version was looked at then; what an earlier one or somebody else made was not.

    Raises:
        SourceError: config.json cannot be read, or a safetensors file is cut off.
        ImpossiblePlanError: its tokenizer cannot be loaded, or has an id without a row in the embedding.
    """
    model = ModelHeaders(str(folder), "unknown", read_config(folder / "config.json"), read_headers(folder))
    if embedding_of(model) is None:
        return
    for check in token_checks(model, partial(load_tokenizer, folder, trust_remote_code=trust_remote_code)):
        raise ImpossiblePlanError(f"{folder} cannot be served. {check.statement} {check.advice}".rstrip())


def _unmerged(model: ModelHeaders) -> Iterator[Obstacle]:
    adapted = [name for name in model.tensors if any(part in name for part in _ADAPTED)]
    if adapted:
        yield Obstacle(f"The weights hold an adapter that is not merged (PEFT, LoRA): {_named(adapted)}", MERGE)
    wrapped = [name for name in model.tensors if name.startswith(_WRAPPERS)]
    if wrapped:
        advice = f"Save the model that is inside the wrapper, without {wrapped[0].split('.')[0]}. before the names."
        yield Obstacle(f"The weights are those of a wrapper around the model: {_named(wrapped)}", advice)


def _index(model: ModelHeaders) -> Iterator[Obstacle]:
    if not model.index:
        return
    index = "model.safetensors.index.json"
    lost = [name for name in model.index if name not in model.tensors]
    if lost:
        yield Obstacle(f"{index} names tensors that no file holds: {_named(lost)}", _WHOLE)
    moved = [name for name, file in model.index.items() if name in model.tensors and not _is_in(model, name, file)]
    if moved:
        name = moved[0]
        statement = f"{index} says that {name} is in {model.index[name]}, and it is in {model.tensors[name].file.name}"
        more = f"; so it is with {_named(moved[1:])}" if moved[1:] else ""
        yield Obstacle(f"{statement}{more}", _WHOLE)
    unnamed = [name for name in model.tensors if name not in model.index and not name.endswith("inv_freq")]
    if unnamed:
        yield Obstacle(
            f"{index} is not that of these files; they hold what it does not name: {_named(unnamed)}", _WHOLE
        )


def _is_in(model: ModelHeaders, name: str, file: str) -> bool:
    return model.tensors[name].file.as_posix().endswith(file)


def _unread(model: ModelHeaders) -> Iterator[Obstacle]:
    """Yield tensors of decoder layers that the model has no place for, such as biases it is not configured with."""
    layers = model.decoder_layers.items()
    kind, text = model.model_type, model.text
    odd = [f"{layer}.{rest}" for layer, names in layers for rest in sorted(names) if is_unread(rest, kind, text)]
    if odd:
        biased = "Set attention_bias or mlp_bias to true where the model has these biases; otherwise g"
        start = biased if any(name.endswith(".bias") for name in odd) else "G"
        advice = f"{start}et the model whole, or take them out of the files."
        statement = f"{model.architecture} with this config.json does not read tensors of the files: {_named(odd)}"
        yield Obstacle(f"{statement}. They would be lost", advice)


def _layer_count(model: ModelHeaders) -> Iterator[Obstacle]:
    key, count = model.layer_count
    numbers = {layer_number(name): name for name in model.decoder_layers}
    if not count or not numbers:
        return
    ahead = int(model.text.get("num_nextn_predict_layers") or 0)
    stack = next(iter(numbers.values())).rpartition(".")[0]
    lost = [f"{stack}.{number}" for number in range(count) if number not in numbers]
    if lost:
        statement = f"config.json says {key} {count}, and the files hold {len(numbers)}: {_named(lost)} not among them"
        yield Obstacle(statement, f"{_WHOLE} A model that was cut shorter needs the new number there.")
    more = [name for number, name in sorted(numbers.items()) if number >= count + ahead]
    if more:
        statement = f"config.json says {key} {count}, and the files hold more, which would be lost: {_named(more)}"
        yield Obstacle(statement, f"Correct {key}, or take the layers out of the files.")


def _lost(model: ModelHeaders) -> Iterator[Obstacle]:
    wanted: dict[str, None] = {}
    for layer, names in model.decoder_layers.items():
        wanted |= dict.fromkeys(f"{layer}.{rest}" for rest in layer_tensors(model.model_type, model.text))
        kin = (rest for rest in sorted(_of_kin(model, layer)) if not is_unread(rest, model.model_type, model.text))
        wanted |= dict.fromkeys(f"{layer}.{rest}" for rest in kin)
        wanted |= dict.fromkeys(f"{layer}.{rest}" for rest in _of_experts(names, model.experts))
    if model.model_type in LAYER_TENSORS and any(layer.startswith("model.layers.") for layer in model.decoder_layers):
        wanted |= dict.fromkeys((EMBEDDING, FINAL_NORM))
    lost = [name for name in wanted if name not in model.tensors and name not in model.index]
    if lost:
        yield Obstacle(f"The files lack tensors of {model.architecture}: {_named(lost)}", _WHOLE)
    elif embedding_of(model) is None:
        yield Obstacle("The files hold no embedding", _WHOLE)
    outside = [name for name in model.tensors if not split_name(name)[0]]
    normed = all(any(_is_norm(rest) for rest in names) for names in model.decoder_layers.values())
    if not lost and model.decoder_layers and normed and not any(map(_is_norm, outside)):
        yield Obstacle("The files hold no norm after the last decoder layer", _WHOLE)


def _of_kin(model: ModelHeaders, layer: str) -> set[str]:
    """Return what layers of the same kind have and this one alone of its set of names has not.

    Two sets of which none holds the other belong to layers of two kinds: attention and state space, dense and experts.
    """
    layers, own = model.decoder_layers, model.decoder_layers[layer]
    sizes = Counter(layers.values())
    kin = [names for name, names in layers.items() if model.layer_type(name) == model.layer_type(layer)]
    return set().union(*(names for names in kin if own < names and sizes[own] <= sizes[names])) - own


def _of_experts(names: Iterable[str], count: int) -> Iterator[str]:
    """Yield the names of all experts that a layer must have, if it has any one by one."""
    kinds: dict[tuple[str, str], None] = {}
    for name in names:
        before, found, after = name.partition(".experts.")
        number, _, rest = after.partition(".")
        if found and number.isdigit():
            kinds[before, rest] = None
    yield from (f"{before}.experts.{number}.{rest}" for before, rest in kinds for number in range(count))


def _vocabulary(model: ModelHeaders) -> Iterator[Obstacle]:
    size = model.text.get("vocab_size")
    heads = tuple(f"{name}.weight" for name in HEADS)
    wide = [tensor for name, tensor in model.tensors.items() if name in heads or _is_embedding(name)]
    odd = [tensor for tensor in wide if isinstance(size, int) and tensor.shape[:1] != (size,)]
    if odd:
        advice = "Set vocab_size to the rows that both have, or save the model again after `resize_token_embeddings`."
        yield Obstacle(f"config.json says vocab_size {size}: {_with_shapes(odd)}", advice)
    pad, rows = model.text.get("pad_token_id"), min((tensor.shape[0] for tensor in wide if tensor.shape), default=0)
    if isinstance(pad, int) and pad >= rows > 0:
        statement = f"config.json says pad_token_id {pad}, and {wide[0].name} has {rows} rows"
        yield Obstacle(statement, "Set pad_token_id to null, or to the id of a token that has a row.")
    hidden = model.hidden_size
    odd = [tensor for tensor in wide if hidden and tensor.shape[1:] != (hidden,) and tensor not in odd]
    if odd and model.model_type in LAYER_TENSORS:
        yield Obstacle(f"config.json says hidden_size {hidden}: {_with_shapes(odd)}", _WHOLE)


def _last_norm(model: ModelHeaders) -> Iterator[Obstacle]:
    norm, hidden = model.tensors.get(FINAL_NORM), model.hidden_size
    if norm and hidden and model.model_type in LAYER_TENSORS and norm.shape != (hidden,):
        yield Obstacle(f"config.json says hidden_size {hidden}: {_with_shapes([norm])}", _WHOLE)


def _shapes(model: ModelHeaders) -> Iterator[Obstacle]:
    """Yield tensors of decoder layers whose shape is not that of the configuration, or not that of their kin."""
    usual: dict[tuple[object, str], Counter[tuple[int, ...]]] = {}
    for layer, names in model.decoder_layers.items():
        for rest in names:
            key = (model.layer_type(layer), rest)
            usual.setdefault(key, Counter())[model.tensors[f"{layer}.{rest}"].shape] += 1
    known, per_layer = model.model_type in LAYER_TENSORS, isinstance(model.text.get("intermediate_size"), list)
    against: list[tuple[Tensor, tuple[int, ...]]] = []
    unlike: list[tuple[Tensor, tuple[int, ...]]] = []
    for layer, names in model.decoder_layers.items():
        for rest in sorted(names):
            tensor = model.tensors[f"{layer}.{rest}"]
            wanted = expected_shape(rest, model.model_type, model.text) if known else None
            most = usual[model.layer_type(layer), rest].most_common(1)[0][0]
            if wanted is not None and tensor.shape != wanted:
                against.append((tensor, wanted))
            elif wanted is None and tensor.shape != most and not per_layer and "block_configs" not in model.text:
                unlike.append((tensor, most))
    for odd, than in ((against, "config.json says"), (unlike, "other layers have")):
        if odd:
            named = _with_shapes(tensor for tensor, _ in odd)
            yield Obstacle(f"Weights are of another size than {than}, {_size(odd[0][1])}: {named}", _WHOLE)


def _head(model: ModelHeaders) -> Iterator[Obstacle]:
    head, said = _own_head(model), "tie_word_embeddings" in {**model.config, **model.text}
    says = "says" if said else "does not say, and so means,"
    apart = not model.tied if said else model.model_type in APART_UNLESS_SAID
    if head is None and apart and not _other_heads(model):
        advice = "Set tie_word_embeddings to true where the head is the embedding; otherwise get the model whole."
        yield Obstacle(f"config.json {says} tie_word_embeddings false, and the files hold no {HEAD}", advice)
    embedding = embedding_of(model)
    if model.tied and head and embedding and not model.download_bytes and not equal(model.tensors[head], embedding):
        yield Obstacle(
            f"config.json {says} tie_word_embeddings true, and {head} has other values than {embedding.name}",
            f"Set tie_word_embeddings to false to keep that head, or remove {head} from the files.",
        )


def embedding_of(model: ModelHeaders) -> Tensor | None:
    """Return the embedding of tokens; None where the files hold none."""
    return next((tensor for name, tensor in model.tensors.items() if _is_embedding(name)), None)


def _other_heads(model: ModelHeaders) -> list[str]:
    """Return matrices that may be a head by another name: as many rows as the embedding, outside of the layers."""
    embedding = embedding_of(model)
    wide = (tensor for name, tensor in model.tensors.items() if not split_name(name)[0] and tensor is not embedding)
    return [tensor.name for tensor in wide if embedding is None or tensor.shape[:1] == embedding.shape[:1]]


def _is_norm(name: str) -> bool:
    return "norm" in name or "ln_" in name


def _own_head(model: ModelHeaders) -> str | None:
    return next((name for head in HEADS if (name := f"{head}.weight") in model.tensors), None)


def _is_embedding(name: str) -> bool:
    module = name.removesuffix(".weight").rpartition(".")[2]
    return name.endswith(".weight") and module in EMBEDDINGS and "position" not in module and module != "wpe"


def _named(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"{', '.join(shown[:_SHOWN])}{more}"


def _with_shapes(tensors: Iterable[Tensor]) -> str:
    return _named([f"{tensor.name} is {_size(tensor.shape)}" for tensor in tensors])


def _size(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
