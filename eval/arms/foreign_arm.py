"""Checkpoints that somebody else made, as further arms: found, and refused where they cannot be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from pipeline.base.errors import SourceError
from pipeline.base.progress import Reporter, Task
from pipeline.models import SourceModel, described_files, is_quantized, resolve_source
from pipeline.models.checksums import SumCache, digest_of, sum_files
from pipeline.models.tokenizer import load_tokenizer
from pipeline.models.trust import read_config
from pipeline.quantize.weights import check_tokens
from pipeline.recipe.arms import Arm
from pipeline.recipe.model import ModelSource

_POSITIONS = ("rope_theta", "rope_scaling", "partial_rotary_factor", "sliding_window")
_DEFAULTS: dict[str, Any] = {"rope_theta": 10000.0}


class Vocabulary(Protocol):
    """What two tokenizers are compared by."""

    bos_token_id: int | None
    eos_token_id: int | None

    def get_vocab(self) -> dict[str, int]:
        """Return the token ids by token, added tokens included."""


@dataclass(frozen=True)
class ForeignArm:
    """A checkpoint on this machine that this run did not make."""

    path: Path
    identity: str
    """Names the weights and everything beside them that scores depend on."""
    quantized: bool
    """Whether its configuration says so; engines multiply other checkpoints in 16 bit."""


def find_arm(
    arm: Arm, recipe_dir: Path, baseline: Path, code_digest: str | None, *, cache: SumCache, reporter: Reporter
) -> ForeignArm:
    """Return the checkpoint of an arm, downloaded first when it is a hub id.

    Args:
        arm: of the kind `checkpoint`.
        recipe_dir: folder that relative paths start from.
        baseline: folder of the source model.
        code_digest: of the source model's Python code, where the recipe trusts it. An arm may bring the same code, or
            none.
        cache: of checksums.
        reporter: shows the advance.

    Raises:
        SourceError: there is no such checkpoint, it asks to run other code than the source model, it has another
            tokenizer, or its positions are encoded differently.
        ImpossiblePlanError: its tokenizer has an id without a row in its embedding.
        EnvironmentLackError: the hub cannot be reached.
    """
    try:
        with reporter.task(f"finding the checkpoint of the arm {arm.name}") as task:
            found = _comparable(arm, recipe_dir, baseline, code_digest, task)
    except SourceError as problem:
        raise SourceError(f"arms, {arm.name}: {problem.message.removeprefix('model.source: ')}") from problem
    if found.note:
        reporter.warn(found.note)
    names = described_files(found.path) | set(found.code.files)
    sums = sum_files(found.path, names=names, cache=cache, reporter=reporter)
    return ForeignArm(found.path, digest_of(sums), is_quantized(found.path))


def _comparable(arm: Arm, recipe_dir: Path, baseline: Path, code_digest: str | None, task: Task) -> SourceModel:
    trusted = code_digest is not None
    wanted = ModelSource(source=str(arm.checkpoint), revision=arm.revision, trust_remote_code=trusted)
    found = resolve_source(wanted, recipe_dir, quantized=True, task=task)
    if found.code.digest not in ("", code_digest):
        raise SourceError(
            f"{arm.checkpoint} brings other Python code than the source model, whose code alone the recipe trusts. "
            f"Give a checkpoint with the same code, or a copy without auto_map."
        )
    check_tokenizer(found.path, baseline, trust_remote_code=trusted)
    check_positions(found.config(), read_config(baseline / "config.json"))
    check_tokens(found.path, trust_remote_code=trusted)
    return found


def check_tokenizer(folder: Path, baseline: Path, *, trust_remote_code: bool = False) -> None:
    """Refuse a checkpoint with another tokenizer: prompts are sent as the baseline's token ids.

    Raises:
        SourceError: the vocabularies, or the tokens that begin and end a text, differ.
    """
    theirs, ours = (_vocabulary(path, trust_remote_code=trust_remote_code) for path in (folder, baseline))
    other = [what for what, one in theirs.items() if one != ours[what]]
    if other:
        raise SourceError(
            f"{folder} has another {' and another '.join(other)} than the source model, so its scores could not be "
            f"compared item by item: prompts are sent as the source model's token ids. Give a checkpoint that was made "
            f"from the same model, or leave the arm out."
        )


def check_positions(config: Mapping[str, Any], baseline: Mapping[str, Any]) -> None:
    """Refuse a checkpoint of the same architecture whose configuration changes how positions are encoded or seen.

    Raises:
        SourceError: names the keys with both values.
    """
    theirs, ours = _positions(config), _positions(baseline)
    if theirs["model_type"] != ours["model_type"]:
        return
    other = [f"{key} is {theirs[key]} (source model: {ours[key]})" for key in ours if theirs[key] != ours[key]]
    if other:
        raise SourceError(
            f"its config.json changes more than the weights: {'; '.join(other)}. Correct it in a copy, or leave the "
            f"arm out."
        )


def _vocabulary(folder: Path, *, trust_remote_code: bool) -> dict[str, object]:
    try:
        tokenizer = cast("Vocabulary", load_tokenizer(folder, trust_remote_code=trust_remote_code))
    except (OSError, ValueError, KeyError) as problem:
        raise SourceError(f"the tokenizer of {folder} cannot be loaded: {problem}. Copy it anew.") from problem
    return {
        "vocabulary": tokenizer.get_vocab(),
        "token for the beginning of a text": tokenizer.bos_token_id,
        "token for its end": tokenizer.eos_token_id,
    }


def _positions(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides how positions are encoded and which are seen, in one dialect.

    transformers 5 writes `rope_parameters` where earlier versions write `rope_theta` and `rope_scaling`.
    """
    nested = config.get("text_config")
    flat = dict(nested if isinstance(nested, dict) else config)
    rope = dict(flat.get("rope_parameters") or flat.get("rope_scaling") or {})
    kind = rope.pop("rope_type", None) or rope.pop("type", None) or "default"
    rope.pop("type", None)
    for name in ("rope_theta", "partial_rotary_factor"):
        flat[name] = rope.pop(name, flat.get(name))
    flat["rope_scaling"] = None if kind == "default" and not rope else {"rope_type": kind, **rope}
    if flat.get("use_sliding_window") is False:
        flat["sliding_window"] = None
    found = {name: _DEFAULTS.get(name) if flat.get(name) is None else flat[name] for name in _POSITIONS}
    return {"model_type": flat.get("model_type"), **found}
