"""The file of what runs taught: strict, whole or not at all, and never an excuse to plan without a word."""

from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.catalogue.configurations import PlanRequest, plans
from pipeline.catalogue.corrections import FILE, read_corrections, write_corrections
from pipeline.plan.corrections import Corrections
from tests.unit.pipeline.plan.test_corrections import observation, several


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the configuration of a user who has none yet."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path))
    return tmp_path / "config"


def test_what_is_written_is_read(home: Path) -> None:
    """In the user's configuration, or in a file that is named; digits that look like numbers stay texts."""
    known = Corrections(observations=(observation(samples=("12e456789012", "007507262076"), beside_gib=None),))
    assert write_corrections(known) == home / FILE
    assert read_corrections() == known
    assert read_corrections(home / FILE) == known


def test_a_file_that_is_not_there(home: Path) -> None:
    """Is nothing learned where none was named, and a mistake where one was."""
    assert read_corrections() == Corrections()
    with pytest.raises(UsageError, match="plan fit"):
        read_corrections(home / "mine.yaml")
    assert read_corrections(home / "mine.yaml", missing_ok=True) == Corrections()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("schema_version: 2\nobservations: []\n", "schema_version"),
        ("observation: []\n", "observation: unknown key"),
        ("observations:\n- {run: x}\n", "observations.0.arm: required"),
        ("observations: [\n", "not valid YAML"),
        ("- 1\n", "mapping is expected"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, named: str) -> None:
    """With what is wrong where."""
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UsageError, match=named):
        read_corrections(tmp_path / "c.yaml")


def test_it_cannot_be_written_everywhere(tmp_path: Path) -> None:
    """A folder is no file; the next step is told."""
    with pytest.raises(UsageError, match="--corrections"):
        write_corrections(Corrections(), tmp_path)


def test_plans_are_corrected_and_say_so(home: Path) -> None:
    """The GPU with runs is calibrated, the other is not, and each is named."""
    write_corrections(Corrections(observations=several(2)))
    found = plans(PlanRequest("meta-llama/Llama-3.1-8B", "h100,h200", max_model_len=8192))
    corrected, plain = found.configurations
    assert corrected.calibrated
    assert corrected.calibration is not None
    assert (corrected.calibration.runs, corrected.calibration.kernel) == (2, "unquantized")
    assert corrected.calibration.beside_gib > 0.5
    assert not plain.calibrated
    assert any("calibrated by 2 runs of your own" in note for note in found.notes)
    assert any("not calibrated on H200" in note for note in found.notes)


def test_runs_of_another_version_are_told(home: Path) -> None:
    """And do not correct; without any runs the old sentence stands."""
    assert any("not calibrated on this GPU" in one for one in plans(PlanRequest("Qwen/Qwen3-8B", "h100")).notes)
    write_corrections(Corrections(observations=several(2, vllm="0.30.0")))
    found = plans(PlanRequest("meta-llama/Llama-3.1-8B", "h100", max_model_len=8192))
    assert not found.configurations[0].calibrated
    assert any("another version of vLLM (0.30.0)" in note for note in found.notes)
