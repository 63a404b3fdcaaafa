"""What changed between versions of vLLM."""

import re
from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.plan.engine import ASSUMED, engine_of

LOCK = Path(__file__).parents[4] / "pipeline" / "runtimes" / "locks" / "vllm-cuda.txt"


def test_the_assumed_version_is_the_locked_one() -> None:
    """A new lock changes what plans assume."""
    locked = re.search(r"^vllm==([\d.]+)", LOCK.read_text(), re.MULTILINE)
    assert locked is not None
    assert locked[1] == ASSUMED


@pytest.mark.parametrize(
    ("version", "utilization", "inside", "sorts"),
    [
        ("0.6.3", 0.9, False, True),
        ("v0.10.1.1", 0.9, False, False),
        ("0.11.0", 0.9, False, True),
        ("0.20.2", 0.9, False, False),
        ("0.21", 0.92, True, False),
        ("0.33.0", 0.92, True, False),
        ("0.29.1rc1.dev17", 0.92, True, False),
        ("0.16.1.dev0+rocm", 0.9, False, False),
        ("0.33.4", 0.92, True, False),
    ],
)
def test_memory_by_version(version: str, utilization: float, inside: bool, sorts: bool) -> None:  # noqa: FBT001 -- cases
    """0.90 or 0.92 of the memory, graphs within or on top, a sampler that sorts or picks."""
    engine = engine_of(version)
    assert (engine.utilization, engine.graphs_inside, engine.sorts) == (utilization, inside, sorts)


def test_default_batches() -> None:
    """V0 with and without chunks; large cards; the A100, whose default stays small; the largest cards."""
    assert engine_of("0.7.2").batch(79, ampere=False, length=8192) == (8192, 256)
    assert engine_of("0.7.2").batch(79, ampere=False, length=131072) == (2048, 256)
    assert engine_of("0.6.6").batch(79, ampere=False, length=131072) == (512, 256)
    assert engine_of("0.11.0").batch(79, ampere=False, length=8192) == (8192, 1024)
    assert engine_of("0.11.0").batch(79, ampere=True, length=8192) == (2048, 256)
    assert engine_of("0.33.0").batch(178, ampere=False, length=8192) == (16384, 1024)


@pytest.mark.parametrize("version", ["latest", "0", "0.11.0 or so", "11"])
def test_no_version(version: str) -> None:
    """What is no version is refused."""
    with pytest.raises(UsageError, match="no version"):
        engine_of(version)


@pytest.mark.parametrize("version", ["0.4.3", "0.34.0", "1.0.0"])
def test_versions_whose_defaults_are_not_known(version: str) -> None:
    """They are refused with what is known, not planned by guess."""
    with pytest.raises(
        UsageError, match=rf"known are 0\.5\.0 to {re.escape(ASSUMED)}, with 0\.90 .* before 0\.21, 0\.92"
    ):
        engine_of(version)
