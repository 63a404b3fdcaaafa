"""Runs that were made before: found again only as what they were."""

import gzip
import hashlib
from pathlib import Path

import pytest

from eval.bench.resume import KeptRuns
from eval.bench.runs import Measured, RawFile
from tests.unit.eval.bench.runs import healthy_host, measured
from tests.unit.eval.bench.soaks import soak

RAW = gzip.compress(b"{}")
KEY = ["awq", "engine", {"seed": 1}]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return a folder for kept runs and those of two attempts; the first has a raw file."""
    found = tuple(tmp_path / name for name in ("kept", "first", "second"))
    for folder in found:
        folder.mkdir()
    path = tmp_path / "first" / "awq" / "run.json.gz"
    path.parent.mkdir()
    path.write_bytes(RAW)
    return found[0], found[1], found[2]


def kept_run() -> Measured:
    """Return a run whose raw file lies among the first attempt's results."""
    raw = RawFile(name="awq/run.json.gz", sha256=hashlib.sha256(RAW).hexdigest())
    return measured().model_copy(update={"raw": raw})


def test_run_is_found_with_its_raw_file(folders: tuple[Path, Path, Path]) -> None:
    """A later attempt has the run, and the file among its own results."""
    kept, first, second = folders
    KeptRuns(kept, first).keep(KEY, kept_run())
    assert KeptRuns(kept, second).run(KEY) == kept_run()
    assert (second / "awq" / "run.json.gz").read_bytes() == RAW


def test_samples_of_health_are_kept_with_it(folders: tuple[Path, Path, Path]) -> None:
    """They are found again, and a run without them is made again."""
    kept, first, second = folders
    (first / "awq" / "run.health.jsonl.gz").write_bytes(RAW)
    digest = hashlib.sha256(RAW).hexdigest()
    health = healthy_host().model_copy(update={"file": "awq/run.health.jsonl.gz", "sha256": digest})
    KeptRuns(kept, first).keep(KEY, kept_run().model_copy(update={"health": health}))
    found = KeptRuns(kept, second).run(KEY)
    assert found is not None
    assert found.health == health
    assert (second / "awq" / "run.health.jsonl.gz").read_bytes() == RAW
    (kept / next(path.name for path in kept.iterdir() if path.name.endswith(".1.gz"))).unlink()
    assert KeptRuns(kept, second).run(KEY) is None


def test_what_it_depends_on_names_it(folders: tuple[Path, Path, Path]) -> None:
    """Another seed, engine or machine is another run."""
    kept, first, second = folders
    KeptRuns(kept, first).keep(KEY, kept_run())
    assert KeptRuns(kept, second).run(["awq", "engine", {"seed": 2}]) is None


@pytest.mark.parametrize("ending", [".json", ".gz"])
def test_damaged_run_is_made_again(folders: tuple[Path, Path, Path], ending: str) -> None:
    """A file that was cut or changed counts as none."""
    kept, first, second = folders
    KeptRuns(kept, first).keep(KEY, kept_run())
    (path,) = kept.glob(f"*{ending}")
    path.write_bytes(path.read_bytes()[:-3])
    assert KeptRuns(kept, second).run(KEY) is None


def test_nothing_is_used_of_an_engine_that_may_have_changed(folders: tuple[Path, Path, Path]) -> None:
    """An interpreter of the user's may have been upgraded in place."""
    kept, first, second = folders
    KeptRuns(kept, first).keep(KEY, kept_run())
    assert KeptRuns(kept, second, readable=False).run(KEY) is None


def test_soak_is_found_with_its_raw_file(folders: tuple[Path, Path, Path]) -> None:
    """A later attempt has the soak, and the file among its own results; one with another file counts as none."""
    kept, first, second = folders
    held = soak(raw_file="awq/run.json.gz", raw_sha256=hashlib.sha256(RAW).hexdigest())
    KeptRuns(kept, first).keep_soak(KEY, held)
    assert KeptRuns(kept, second).soak(KEY) == held
    assert (second / "awq" / "run.json.gz").read_bytes() == RAW
    (path,) = kept.glob("*.gz")
    path.write_bytes(b"another")
    assert KeptRuns(kept, second).soak(KEY) is None


def test_void_soak_is_not_kept(folders: tuple[Path, Path, Path]) -> None:
    """It is made again."""
    kept, first, second = folders
    KeptRuns(kept, first).keep_soak(KEY, soak(raw_file="awq/run.json.gz", raw_sha256="ab", void=("too busy",)))
    assert KeptRuns(kept, second).soak(KEY) is None


def test_what_another_version_kept_is_not_read(
    folders: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may know less of an engine or a run than is compared today."""
    kept, first, second = folders
    KeptRuns(kept, first).keep(KEY, kept_run())
    monkeypatch.setattr(Measured, "model_json_schema", dict)
    assert KeptRuns(kept, second).run(KEY) is None
