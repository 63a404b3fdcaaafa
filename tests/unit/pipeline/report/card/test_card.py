"""The model card to publish: what was measured, and where it is written."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from eval.accuracy.result import Contrast, EvalResult, TaskScore
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import CARD, differences, read_manifest, write_manifest
from pipeline.quantize.audit.layers import write_layers
from pipeline.quantize.card.card import model_card
from pipeline.quantize.result import LayerAudit
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageResult
from pipeline.report import stage as report_stage
from pipeline.report.card.accuracy import accuracy_text
from pipeline.report.language.language import ENGLISH
from tests.helpers import RecordingReporter
from tests.unit.pipeline.quantize.card.cards import make_layers, make_manifest, mixtral, table_after

PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
MINUS = "\N{MINUS SIGN}"


def card_of(accuracy: EvalResult) -> str:
    """Return the card of a hub model."""
    return model_card(mixtral(), make_manifest("LICENSE"), make_layers(), accuracy_text(accuracy, ENGLISH))


@pytest.fixture
def measured(make_task: Callable[..., TaskScore], make_accuracy: Callable[..., EvalResult]) -> EvalResult:
    """Return a task that passed, one that failed and one that is not decided, of a baseline of 0.8."""
    tasks = [
        make_task("arc_easy", 0.8, 0.798, 0.01, items=500),
        make_task("piqa", 0.8, 0.75, 0.01, items=500, clusters=12),
        make_task("boolq", 0.8, 0.79, 0.01, items=500, min_recovery=0.9875),
    ]
    return make_accuracy(*tasks)


@pytest.mark.parametrize(
    "name",
    [
        "a: b # c",
        "x\n---\nevil: true\n---\n",
        "`rm -rf` | [a](http://evil.example) <script>",
        "*** 'single' \"double\" \\",
        "!!python/object:os.system",
        "caf\u00e9 \u2028 \x07 {curly} [square]",
    ],
)
def test_hostile_names_stay_text(name: str, measured: EvalResult) -> None:
    """No name ends the front matter, adds a key, breaks a table or becomes markup."""
    made = mixtral(source=name, licence=name, calibration_source=name, backend=name)
    layers = (LayerAudit(name=name, parameters=1, treatment="16 bit", reason=name),)
    card = model_card(made, make_manifest("LICENSE"), layers, accuracy_text(measured, ENGLISH))
    front = card.split("\n---\n", 1)[0].removeprefix("---\n")
    data = yaml.safe_load(front)
    tables = re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)

    assert set(data) == {
        *("base_model", "base_model_relation", "license", "license_name", "license_link"),
        *("library_name", "pipeline_tag", "tags"),
    }
    assert data["license_name"].split() == [word for word in name.replace("\x07", "").split() if word]
    assert ModelCard(card).data.to_dict() == data
    assert len(tables) == 4
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table
    body = re.sub(r"`[^`\n]*`", "", card.split("\n---\n", 1)[1])
    assert re.search(r"(?<!\\)<script|(?<!\\)\]\(", body) is None


def test_accuracy_stands_in_the_card(measured: EvalResult) -> None:
    """Each task has items, recovery, loss, interval, margin and verdict."""
    after = card_of(measured)
    passed, failed, undecided = (line.strip("| ").split(" | ") for line in table_after(after, "## Accuracy")[2:])
    baseline = f"0.8000 {PLUS_MINUS} 0.0112"

    assert passed == [
        *("arc\\_easy", "acc", "500 of 1,000", baseline, f"0.7980 {PLUS_MINUS} 0.0113", "99.75 %"),
        *("+0.0020", f"{MINUS}0.0058 to +0.0098", "0.0100", "passed"),
    ]
    assert failed[2] == "500 of 1,000 in 12 groups"
    assert failed[5:] == ["93.75 %", "+0.0500", "+0.0422 to +0.0578", "0.0100", "**failed**"]
    assert undecided[-2:] == ["0.0100 (98.75 % recovery)", "**inconclusive**"]
    assert "Inconclusive: the items measured do not decide it." in after
    assert "Not measured" not in after


def test_card_of_awq_that_was_not_scored_says_so(stopped: EvalResult) -> None:
    """Where the alarm stopped the evaluation there is no table, but a sentence."""
    card = card_of(stopped)

    assert "The alarm was raised for AWQ: on stdlib modules its token probabilities diverge by 1.9 nats" in card
    assert "AWQ was not scored on the tasks." in card
    assert table_after(card, "## Accuracy") == []


def test_control_is_in_the_card(
    make_task: Callable[..., TaskScore],
    make_accuracy: Callable[..., EvalResult],
    make_contrast: Callable[..., Contrast],
) -> None:
    """What AWQ bought over plain rounding has a table of its own."""
    rows = [make_task("arc_easy", 0.8, value, 0.01, arm=arm) for arm, value in (("awq", 0.795), ("rtn", 0.785))]
    contrast = make_contrast("arc_easy", 0.01, 0.003)
    card = card_of(make_accuracy(*rows, contrasts=(contrast,)))
    row = f"| arc\\_easy | acc | 0.7850 {PLUS_MINUS} 0.0113 | +0.0100 {PLUS_MINUS} 0.0030 |"

    assert row in card.split("as a control:", 1)[1]
    assert "as a control" not in card_of(make_accuracy(rows[0]))


@pytest.fixture
def run(
    tmp_path: Path,
    measured: EvalResult,
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> tuple[Recipe, RunContext, RunRecord]:
    """Return a run that quantized and evaluated: checkpoint with card and manifest, notes beside it, and its record."""
    out = tmp_path / "out"
    checkpoint, notes = out / "checkpoint", out / "quantize"
    checkpoint.mkdir(parents=True)
    notes.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    (checkpoint / CARD).write_text(model_card(mixtral(), make_manifest(), make_layers()))
    manifest = make_manifest().model_copy(update={"files": sum_files(checkpoint)})
    write_manifest(manifest, checkpoint)
    write_layers(notes, make_layers())
    recipe, made = make_recipe(), mixtral(checkpoint_digest=manifest.digest())
    record = make_record(recipe, quantize=make_stage("quantize", made), eval=make_stage("eval", measured))
    context = RunContext(
        out=out, home=tmp_path / "home", recipe_dir=tmp_path, accelerator="cpu", reporter=RecordingReporter()
    )
    return recipe, context, record


def warnings(context: RunContext) -> list[str]:
    """Return what the run warned of."""
    assert isinstance(context.reporter, RecordingReporter)
    return context.reporter.warnings


def test_report_has_the_card_and_leaves_the_checkpoint_alone(run: tuple[Recipe, RunContext, RunRecord]) -> None:
    """The accuracy is in the card of the report; nothing in the published folder is touched."""
    recipe, context, record = run
    checkpoint = context.out / "checkpoint"
    before = {path.name: (path.read_bytes(), path.stat()) for path in checkpoint.iterdir()}

    outcome = report_stage.run(recipe, context, record)

    assert outcome.artifacts["model card"] == "report/model_card.md"
    assert "| **failed** |" in (context.out / "report" / "model_card.md").read_text()
    assert {path.name: (path.read_bytes(), path.stat()) for path in checkpoint.iterdir()} == before
    assert differences(checkpoint) == []
    assert warnings(context) == []


@pytest.mark.parametrize("gone", ["quantize/coverage.json", "checkpoint/awqctl-manifest.json"])
def test_card_that_cannot_be_made_is_a_warning(run: tuple[Recipe, RunContext, RunRecord], gone: str) -> None:
    """Without the audit's rows or the manifest the report comes without a card, and is not lost for it."""
    recipe, context, record = run
    (context.out / gone).unlink()

    outcome = report_stage.run(recipe, context, record)

    assert len(warnings(context)) == 1
    assert "without a model card to publish" in warnings(context)[0]
    assert "model card" not in outcome.artifacts
    assert (context.out / "report" / "report.html").exists()


def test_card_of_another_checkpoint_is_not_written(run: tuple[Recipe, RunContext, RunRecord]) -> None:
    """Where the folder was exchanged, its card would have the figures of other weights."""
    recipe, context, record = run
    checkpoint = context.out / "checkpoint"
    manifest = read_manifest(checkpoint)
    write_manifest(manifest.model_copy(update={"files": {}}), checkpoint)

    report_stage.run(recipe, context, record)

    assert "is not the checkpoint that the record" in warnings(context)[0]
    assert not (context.out / "report" / "model_card.md").exists()
