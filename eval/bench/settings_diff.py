"""The settings that engines really ran with, arm against arm: everything but the checkpoint must be equal.

Compared is what an engine was started with (arguments, and the environment's flags that reach a kernel), the whole
configuration as it states it in its log, and what it says of itself besides. Each difference is one of four kinds:

- `weights`: the checkpoint itself, and what vLLM derives from its format: the method, the fusions around quantizing.
  The kernel is a result of the checkpoint, too, and told with the arm.
- `consequence`: of smaller weights: more KV cache where the engine takes what memory is left.
- `state`: an engine that had been answering before beside one that had just started. The load is warmed up on both.
- `setting`: all else. It changes speed for a reason that is not the weights, so the pair is void, also where a
  checkpoint brings it along: a KV cache in FP8, other sampling defaults, a dtype. Every arm is told the same `--dtype`;
  a format that knows only one is compared where all arms have that one, by `engine.dtype`.

What names files, logs and observers is not compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.base.errors import VoidMeasurementError
from pipeline.base.results import Result

Kind = Literal["weights", "consequence", "state", "setting"]
NOT_SET = "not set"
_FLAGS = ("VLLM_", "TORCH", "CUDA_VISIBLE", "OMP_", "MKL_", "KMP_", "NCCL_", "LD_PRELOAD")
"""What names of environment variables begin with that reach a kernel."""
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_PLACES = ("--model", "--served-model-name", "--host", "--port", "--uds", "--middleware", "TORCHINDUCTOR_CACHE_DIR")
_UNSEEN = (
    *("model", "tokenizer", "served_model_name", "download_dir", "revision", "tokenizer_revision"),
    *("observability_config.", "structured_outputs_config."),
    *("compilation_config.cache_dir", "compilation_config.local_cache_dir", "compilation_config.debug_dump_path"),
)
"""Names, or beginnings of them, in the configuration that are not compared."""
_OF_WEIGHTS = (
    *("--quantization", "--load-format", "quantization", "load_format"),
    *("compilation_config.custom_ops", "compilation_config.pass_config.", "kernel_config.linear_backend_per_quant"),
)
_CONSEQUENCES = ("kv_cache_tokens", "max_concurrency")
_STATES = ("reused",)


@dataclass(frozen=True)
class ArmSettings:
    """What one arm's engine ran with, by name."""

    arm: str
    values: Mapping[str, str]


class SettingsDifference(Result):
    """One setting in which an arm differs from the reference."""

    arm: str
    name: str
    kind: Kind
    reference: str
    value: str


def arm_settings(
    arm: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    stated: Iterable[Mapping[str, object]],
) -> ArmSettings:
    """Return what an engine ran with.

    Args:
        arm: its name.
        command: that started it.
        environment: of its process.
        stated: what it says of itself: its configuration, and what is read beside it; of a name in several the last.
    """
    values = _arguments(command) | {name: value for name, value in environment.items() if _is_flag(name)}
    for facts in stated:
        values |= {name: str(value) for name, value in facts.items() if not _begins(name, _UNSEEN)}
    return ArmSettings(arm, {name: value for name, value in values.items() if name not in _PLACES})


def differences(reference: ArmSettings, arm: ArmSettings) -> tuple[SettingsDifference, ...]:
    """Return the settings in which an arm differs from the reference, in the order of their names."""
    names = sorted(reference.values.keys() | arm.values.keys())
    pairs = ((name, reference.values.get(name, NOT_SET), arm.values.get(name, NOT_SET)) for name in names)
    return tuple(
        SettingsDifference(arm=arm.arm, name=name, kind=kind_of(name), reference=before, value=after)
        for name, before, after in pairs
        if before != after
    )


def kind_of(name: str) -> Kind:
    """Return what a difference in a setting is."""
    if name in _CONSEQUENCES:
        return "consequence"
    if name in _STATES:
        return "state"
    return "weights" if _begins(name, _OF_WEIGHTS) else "setting"


def check_comparable(reference: ArmSettings, arm: ArmSettings) -> None:
    """Return if the two differ in nothing but the weights and what follows from them.

    Raises:
        VoidMeasurementError: they do; names each such setting with both values.
    """
    found = [one for one in differences(reference, arm) if one.kind == "setting"]
    if found:
        named = "; ".join(f"{one.name} is {one.value} ({reference.arm}: {one.reference})" for one in found)
        raise VoidMeasurementError(
            f"vLLM runs the arm '{arm.arm}' with other settings than the arm '{reference.arm}', so a difference in "
            f"speed would not be one of the weights: {named}. Set it for all arms in the recipe's section `engine`, "
            f"correct config.json or generation_config.json in a copy of the checkpoint, or leave the arm out of "
            f"bench.arms."
        )


def _arguments(command: Sequence[str]) -> dict[str, str]:
    """Return options with their values; a switch has none."""
    found: dict[str, list[str]] = {}
    option = ""
    for word in command:
        if word.startswith("--"):
            option, _, value = word.partition("=")
            found[option] = [value] if value else []
        elif option:
            found[option].append(word)
    return {name: " ".join(values) or "on" for name, values in found.items()}


def _is_flag(name: str) -> bool:
    return name.startswith(_FLAGS) and not any(secret in name for secret in _SECRET)


def _begins(name: str, known: Sequence[str]) -> bool:
    return any(name.startswith(one) if one.endswith(".") else name == one for one in known)
