"""Arms that the engine runs with other settings are not compared."""

import pytest

from pipeline.base.errors import VoidMeasurementError
from pipeline.engines.settings import check_same_settings

BASELINE = {"dtype": "torch.bfloat16", "kv_cache_dtype": "auto", "default_sampling": ""}


def test_differing_settings_are_refused_with_both_values() -> None:
    """A checkpoint with an 8-bit KV cache or other sampling is no comparison of weights."""
    check_same_settings(BASELINE, dict(BASELINE), "awq")
    arm = BASELINE | {"kv_cache_dtype": "fp8", "default_sampling": "{'repetition_penalty': 1.1}"}
    with pytest.raises(VoidMeasurementError) as caught:
        check_same_settings(BASELINE, arm, "other")
    for part in ("'other'", "kv_cache_dtype is fp8 (baseline: auto)", "'repetition_penalty': 1.1} (baseline: not set)"):
        assert part in caught.value.message
