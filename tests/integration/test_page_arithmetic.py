"""The formulas of the page's script, under Node, against the exact ones of Python."""

import dataclasses
import json
import shutil
import subprocess
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from pipeline.report.render.script import ARITHMETIC
from pipeline.roi.evaluation import evaluate
from pipeline.roi.model import PricingModel
from tests.page.models import drawn_models, packaged_models

MODELS = 300
RUN = """
function plain(value) {
  if (value instanceof Fraction) return `${value.numerator}/${value.denominator}`;
  if (typeof value === "bigint") return `${value}/1`;
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  }
  return typeof value === "number" ? `${value}/1` : value;
}
const models = JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(models.map((model) => {
  const values = new Map(Object.entries(model.values).map(([name, text]) => [name, fraction(text)]));
  const found = plain(evaluate({ ...model, values }));
  return found;
})));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on PATH")
def test_the_script_comes_to_the_same_fractions(tmp_path: Path) -> None:
    """Not only to the cent: every figure of 300 drawn models and of the packaged ones is the same fraction."""
    models = [*drawn_models(MODELS, 11), *packaged_models().values()]
    script = "".join(
        resources.files("pipeline.report").joinpath("templates", name).read_text(encoding="utf-8")
        for name in ARITHMETIC
    )
    (tmp_path / "run.js").write_text(f'"use strict";\n{script}{RUN}')
    (tmp_path / "models.json").write_text(json.dumps(list(map(_given, models))))
    line = ["node", tmp_path / "run.js", tmp_path / "models.json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=120)

    for model, found in zip(models, json.loads(done.stdout), strict=True):
        expected = evaluate(model)
        for option, costs in zip(found["options"], expected.options.values(), strict=True):
            _assert_same(option, costs)
            for mine, its in zip(option["years"], costs.years, strict=True):
                _assert_same(mine, its)
        for pair, costs in zip(found["pairs"], expected.pairs.values(), strict=True):
            _assert_same(pair, costs)


def _given(model: PricingModel) -> dict[str, Any]:
    return {
        "years": model.years,
        "values": {one.name: one.value for one in model.inputs},
        "options": [one.model_dump() for one in model.options],
        "pairs": model.pairs,
    }


def _assert_same(found: dict[str, Any], expected: Any) -> None:
    names = [field.name for field in dataclasses.fields(expected) if field.name != "years"]
    mine = {name: None if found[name] is None else Fraction(found[name]) for name in names}
    assert mine == {name: getattr(expected, name) for name in names}
