"""The refusal to compare arms across settings of the engine that change scores.

All arms get the same arguments. A checkpoint can still change what they come to: its `config.json` may bring a KV cache
of its own, its `generation_config.json` other sampling parameters.
"""

from collections.abc import Mapping

from pipeline.base.errors import VoidMeasurementError


def check_same_settings(
    reference: Mapping[str, str], arm: Mapping[str, str], name: str, *, than: str = "baseline"
) -> None:
    """Refuse to compare an arm that the engine runs with other settings than another, usually the baseline.

    Raises:
        VoidMeasurementError: names each such setting with both values.
    """
    other = [key for key in sorted(reference.keys() | arm.keys()) if reference.get(key) != arm.get(key)]
    if other:
        found = "; ".join(f"{key} is {_said(arm, key)} ({than}: {_said(reference, key)})" for key in other)
        raise VoidMeasurementError(
            f"vLLM runs the arm '{name}' with other settings than the arm '{than}', so a difference in scores would "
            f"not be one of the weights: {found}. Correct config.json or generation_config.json in a copy of its "
            f"checkpoint, or leave the arm out."
        )


def _said(settings: Mapping[str, str], key: str) -> str:
    return settings.get(key) or "not set"
