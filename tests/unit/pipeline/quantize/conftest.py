"""What the tests of the pre-flight share."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.models import SourceModel
from pipeline.models.headers import headers_of
from pipeline.quantize.checks import Check
from pipeline.quantize.weights import weight_checks
from tests.unit.conftest import Save
from tests.unit.pipeline.quantize.small_llama import CONFIG, Weights


@pytest.fixture
def checks(tmp_path: Path, save: Save) -> Callable[..., tuple[Check, ...]]:
    """Return a function that writes weights under a configuration and returns what is wrong with them."""

    def look(weights: Weights, index: dict[str, str] | None = None, **config: object) -> tuple[Check, ...]:
        save(tmp_path, weights)
        if index is not None:
            (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
        chosen = {key: value for key, value in {**CONFIG, **config}.items() if value is not None}
        (tmp_path / "config.json").write_text(json.dumps(chosen))
        return tuple(weight_checks(headers_of(SourceModel(tmp_path, "mine", None, "mit"))))

    return look
