"""Which output folders a recipe may work in."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.base.progress import SilentReporter
from pipeline.models.manifest import Manifest, ManifestSource, write_manifest
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.load import load_recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RECORD, RunRecord, StageResult, save_record
from pipeline.run.folder import check_folder, recipe_origin
from tests.helpers import invoke


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    """A recipe of one's own, beside two models."""
    for model in ("model", "other"):
        (tmp_path / model).mkdir()
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nmodel: {source: model}\nquantize: {calibration: {source: packaged:demo}}\n")
    return file


@pytest.fixture
def recorded(
    tmp_path: Path,
    recipe_file: Path,
    make_record: Callable[..., RunRecord],
    make_stage: Callable[..., StageResult],
    make_quantized: Callable[..., QuantizeResult],
) -> Path:
    """The folder of a run of that recipe."""
    made = make_quantized(source="model", source_path=str(tmp_path / "model"), source_commit=None)
    record = make_record(load_recipe(str(recipe_file)).recipe, quantize=make_stage("quantize", made))
    save_record(record.model_copy(update={"recipe_origin": recipe_origin(recipe_file)}), tmp_path / "out" / RECORD)
    return tmp_path / "out"


def check(out: Path, reference: str | Path, *overrides: str) -> None:
    """Look at a folder on behalf of a recipe."""
    loaded = load_recipe(str(reference), overrides)
    context = RunContext(out, out, loaded.path.parent, "cpu", SilentReporter(), recipe_file=loaded.path)
    check_folder(loaded.recipe, context)


@pytest.mark.parametrize(
    "overrides", [(), ("bench.repeats=1", "quantize.group_size=64"), ("model.source=./model",), ("model.licence=mit",)]
)
def test_a_changed_knob_is_the_same_recipe(recorded: Path, recipe_file: Path, overrides: tuple[str, ...]) -> None:
    """So is another spelling of the same folder."""
    check(recorded, recipe_file, *overrides)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.source=other", "results for the model model, and model.source is other now"),
        ("model.source=org/name", "model.source is org/name now"),
        ("name=theirs", "the results of the recipe 'mine', and this one is 'theirs'"),
    ],
)
def test_another_model_or_name_is_refused(recorded: Path, recipe_file: Path, override: str, said: str) -> None:
    """In a folder given by hand: both are named, and another folder, since a name of its own would not help there."""
    with pytest.raises(UsageError, match="--out ") as refused:
        check(recorded, recipe_file, override)
    assert said in str(refused.value)
    assert "--set name=" not in str(refused.value)


def test_two_recipes_of_one_name_are_told_apart(recorded: Path, recipe_file: Path) -> None:
    """A copy that was edited but not renamed; the same text elsewhere, or the file moved, is the same recipe."""
    twin = recipe_file.with_name("twin.yaml")
    shutil.copyfile(recipe_file, twin)
    check(recorded, twin)
    twin.write_text(f"{twin.read_text()}bench: {{repeats: 1}}\n")
    with pytest.raises(
        UsageError, match=r"another recipe named 'mine'.*mine\.yaml; this one is .*twin\.yaml"
    ) as refused:
        check(recorded, twin)
    assert str(refused.value).endswith("--out out/mine.")
    recipe_file.unlink()
    check(recorded, twin)


def test_the_way_out_is_free(recorded: Path, recipe_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the folder nor the name that is proposed leads to the next refusal."""
    monkeypatch.chdir(recipe_file.parent)
    default = Path("out/mine")
    default.mkdir()
    (recorded / RECORD).rename(default / RECORD)
    for there, said in (("elsewhere", "mine-2"), ("out/mine-2", "mine-3"), ("out/mine-3", "mine-4")):
        Path(there).mkdir()
        with pytest.raises(UsageError, match=rf"--out out/{said}, or a name .* --set name={said}\)\.$"):
            check(default.absolute(), recipe_file, "model.source=other")
    other = Path("out/given").absolute()
    other.mkdir()
    (default / RECORD).rename(other / RECORD)
    with pytest.raises(UsageError, match=r"of its own with --out out/mine\.$"):
        check(other, recipe_file, "model.source=other")


def test_one_name_for_two_folders_of_models_is_refused(recorded: Path, recipe_file: Path, tmp_path: Path) -> None:
    """`model.source: model` of a recipe in another folder is another model, as long as the first is there."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "model").mkdir(parents=True)
    shutil.copyfile(recipe_file, elsewhere / "mine.yaml")
    with pytest.raises(UsageError, match="results for the model"):
        check(recorded, elsewhere / "mine.yaml")
    shutil.rmtree(tmp_path / "model")
    check(recorded, elsewhere / "mine.yaml")


def test_a_recipe_that_never_finished_a_stage_may_be_corrected(recorded: Path, recipe_file: Path) -> None:
    """A failed attempt with a mistyped model displaces nothing."""
    document = json.loads((recorded / RECORD).read_text())
    document["stages"]["quantize"] |= {"status": "failed", "error": "no such model"}
    (recorded / RECORD).write_text(json.dumps(document))
    check(recorded, recipe_file, "model.source=other")


def test_folders_of_somebody_else_are_not_replaced(tmp_path: Path, recipe_file: Path) -> None:
    """`--out .` in a project with a folder `eval` of its own; what a killed first run left is no such thing."""
    check(tmp_path, recipe_file)
    (tmp_path / "eval").mkdir()
    check(tmp_path, recipe_file)
    (tmp_path / "eval" / "precious.py").write_text("")
    with pytest.raises(UsageError, match=r"holds eval/.* with --out, such as out/mine\.$"):
        check(tmp_path, recipe_file)
    (tmp_path / ".lock").touch()
    check(tmp_path, recipe_file)


def test_a_checkpoint_without_a_record_says_whose_it_is(tmp_path: Path, recipe_file: Path) -> None:
    """Its manifest names the model."""
    (tmp_path / "out" / "checkpoint").mkdir(parents=True)
    for source, refused in (("model", False), ("org/name", True)):
        origin = ManifestSource(reference=source, commit=None, licence="mit", files={})
        manifest = Manifest(created_at="2026-11-20T10:00:00+00:00", source=origin, quantize={}, versions={}, files={})
        write_manifest(manifest, tmp_path / "out" / "checkpoint")
        if refused:
            with pytest.raises(UsageError, match="a checkpoint of the model org/name"):
                check(tmp_path / "out", recipe_file)
        else:
            check(tmp_path / "out", recipe_file)


@pytest.mark.parametrize("line", [("roi",), ("quantize", "--dry-run"), ("eval", "--dry-run"), ("serve",), ("run",)])
def test_every_command_refuses_before_it_writes(recorded: Path, recipe_file: Path, line: tuple[str, ...]) -> None:
    """Code 2, the record as it was."""
    before = (recorded / RECORD).read_bytes()
    with pytest.raises(UsageError, match="results for the model model") as refused:
        invoke(line[0], recipe_file, *line[1:], "--out", recorded, "--set", "model.source=other", raises=True)
    assert refused.value.exit_code == 2
    assert (recorded / RECORD).read_bytes() == before
