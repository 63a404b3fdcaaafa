"""The file of what runs taught: strict, whole or not at all, and never an excuse to plan without a word."""

import pwd
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.catalogue.configurations import PlanRequest, plans, speed
from pipeline.catalogue.corrections import FILE, read_corrections, update_corrections
from pipeline.catalogue.cpu import this_cpu
from pipeline.catalogue.files import merged
from pipeline.plan.corrections import Corrections
from pipeline.plan.cpu import ASSUMED
from tests.unit.pipeline.plan.test_corrections import observation, several


def write_corrections(corrections: Corrections, file: Path | None = None) -> Path:
    """Replace what is known, and return the file."""
    return update_corrections(file, lambda _known: corrections, lambda _holder: None)


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


def test_a_user_without_a_home_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with any user number: there are no files of one's own, and only writing one needs a home."""

    def unknown(_uid: int) -> NoReturn:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "AWQCTL_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert read_corrections() == Corrections()
    assert merged("gpus.yaml", "gpus")
    with pytest.raises(EnvironmentLackError, match="AWQCTL_HOME"):
        write_corrections(Corrections())


def test_a_path_that_cannot_be_asked_for_is_told(tmp_path: Path) -> None:
    """As a mistake of use: a benchmark that has been measured must not fail by it."""
    with pytest.raises(UsageError, match="cannot be read: File name too long"):
        read_corrections(tmp_path / ("a" * 300))


def test_an_empty_file_has_taught_nothing(tmp_path: Path) -> None:
    """As `mktemp` makes one; a folder is not taken for a file that is missing."""
    (tmp_path / "c.yaml").write_text("\n", encoding="utf-8")
    assert read_corrections(tmp_path / "c.yaml") == Corrections()
    with pytest.raises(UsageError, match="is no file"):
        read_corrections(tmp_path, missing_ok=True)


@pytest.mark.parametrize("change", [{"spread": 1e200}, {"beside_gib": -1e300}, {"bandwidth_share": 1e-300}])
def test_figures_that_no_run_has_are_refused(tmp_path: Path, change: dict[str, float]) -> None:
    """A hand that edits the file makes a mistake, and not an overflow."""
    known = Corrections(observations=(observation().model_copy(update=change),))
    with pytest.raises(UsageError, match=next(iter(change))):
        read_corrections(write_corrections(known, tmp_path / "c.yaml"))


def test_memory_alone_calibrates_no_speed(home: Path) -> None:
    """A run without a point that stands: the plan's speeds are still those of published runs, and it says so."""
    told = observation(bandwidth_share=None, compute_share=None, spread=None, points=0)
    write_corrections(Corrections(observations=(told,)))
    found = plans(PlanRequest("meta-llama/Llama-3.1-8B", "h100", max_model_len=8192))
    assert not found.configurations[0].calibrated
    assert any("memory alone calibrated by 1 run" in note for note in found.notes)
    assert any("not calibrated on this GPU" in note for note in found.notes)


def test_a_processor_is_as_fast_as_runs_on_it_were(home: Path) -> None:
    """Speed on a CPU is known from runs alone, and is for the plan and for dry runs."""
    mine = this_cpu()
    assert mine.device
    asked = PlanRequest("Qwen/Qwen2.5-0.5B", "cpu", max_model_len=1024, gpu_memory_gib=None)
    assert plans(asked).configurations[0].output_tokens_per_s is None
    told = observation(device=mine.device, vllm=ASSUMED, weights_gib=1.0, bandwidth_share=0.02, compute_share=0.001)
    write_corrections(Corrections(observations=(told,)))
    found = plans(asked)
    made = found.configurations[0]
    assert made.calibrated
    assert made.output_tokens_per_s is not None
    assert made.output_tokens_per_s == speed(asked, "cpu", "none")
    assert any("calibrated by 1 run of your own" in note for note in found.notes)
    other = plans(replace(asked, gpu_memory_gib=16.0)).configurations[0]
    assert other.output_tokens_per_s is None, "the memory is another machine's"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("schema_version: 2\nobservations: []\n", "newer awqctl"),
        ("schema_version: one\n", "schema_version"),
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
