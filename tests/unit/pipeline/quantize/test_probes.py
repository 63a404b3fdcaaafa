"""What the stage `quantize` looks at before a run, on files of this machine."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.progress import SilentReporter
from pipeline.hardware.machine import probe_machine
from pipeline.models import packaged_model
from pipeline.quantize.stage import STAGE
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, ProbeResult, Prospect
from pipeline.run.preflight import examine

MACHINE = probe_machine()
Look = Callable[..., list[ProbeResult]]


@pytest.fixture
def look(tmp_path: Path, make_recipe: Callable[..., Recipe]) -> Look:
    """Return a function that gives the obstacles of a recipe with this calibration, and perhaps another model."""

    def obstacles(*sources: dict[str, Any], effort: Effort = Effort.SECONDS, **changes: Any) -> list[ProbeResult]:
        calibration = {"sources": sources} if sources else {"source": "packaged:demo"}
        recipe = make_recipe(quantize={"calibration": {**calibration, "blocks": 16}}, **changes)
        context = RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter(), lambda: MACHINE)
        findings = examine([STAGE], Prospect(recipe, context, context, effort))
        return [finding for finding in findings if finding.state == "obstacle"]

    return obstacles


def test_every_source_is_named(look: Look, tmp_path: Path) -> None:
    """A file that is not there, a column that is not there, a line that is no JSON; from files alone."""
    (tmp_path / "a.jsonl").write_text('{"content": "text"}\n')
    (tmp_path / "b.jsonl").write_text('{"text": "text"}\n{"text": \n')
    found = look({"source": "gone.jsonl"}, {"source": "a.jsonl"}, {"source": "b.jsonl"}, effort=Effort.FILES)
    said = [(finding.exit_code, finding.text) for finding in found]
    assert [code for code, _ in said] == [2, 2, 2]
    for (_, text), expected in zip(said, ("gone.jsonl", "found: content", "b.jsonl, line 2: not JSON"), strict=True):
        assert expected in text


def test_column_of_a_folder_and_chats_without_a_template(look: Look, tmp_path: Path) -> None:
    """What takes the libraries of data sets and the tokenizer is looked at before a run."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.jsonl").write_text('{"content": "text"}\n')
    (tmp_path / "chats.jsonl").write_text('{"messages": [{"role": "user", "content": "2 + 2?"}]}\n')
    settings = Path(shutil.copytree(packaged_model(), tmp_path / "base")) / "tokenizer_config.json"
    without = {key: value for key, value in json.loads(settings.read_text()).items() if key != "chat_template"}
    settings.write_text(json.dumps(without))
    found = look({"source": "folder"}, {"source": "chats.jsonl", "messages": "messages"}, model={"source": "base"})
    assert ["no text under 'text'" in found[0].text, "chat template" in found[1].text] == [True, True], found


def test_model_that_lost_its_configuration(look: Look, tmp_path: Path) -> None:
    """It is said once, though several looks come to it; the calibration is looked at all the same."""
    (tmp_path / "model").mkdir()
    found = look({"source": "gone.jsonl"}, model={"source": "model"})
    texts = sorted(finding.text for finding in found)
    assert ["no config.json" in texts[0], "gone.jsonl" in texts[1], len(texts)] == [True, True, 2]


def test_packaged_model_and_text_are_well(look: Look) -> None:
    """Nothing stands in the way of the demo."""
    assert look() == []
