"""Rental prices from a local copy of gpuhunt's catalogue."""

import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.base.errors import UsageError
from pipeline.catalogue.gpus import gpus
from pipeline.catalogue.prices import refresh
from pipeline.cli.main import cli

CSV = """instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot
a,eu,20.0,96,960,8,H100,80,False
b,us,2.2,12,120,1,H100,80,False
c,us,0.9,12,120,1,H100,80,True
d,us,1.1,12,120,1,A100,40,False
e,us,1.9,12,120,1,A100,80,False
f,us,0.5,8,60,1,L40S,48,False
g,us,0.1,8,60,0,,,False
h,us,0.1,8,60,1,Voodoo,1,False
i,us,9,8,60,1,H100,94,False
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the user's files in a folder of the test."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    gpus.cache_clear()
    yield
    gpus.cache_clear()


def test_a_copy_is_read(tmp_path: Path) -> None:
    """The cheapest on-demand price per GPU of each provider, by memory; spot and unknown cards are left out."""
    path = tmp_path / "catalog.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("somecloud.csv", CSV)
        archive.writestr("other.csv", CSV.replace("2.2", "3.3"))
    assert refresh(path, date.today()) == {"a100-40": 2, "a100-80": 2, "h100": 2, "l40s": 2}  # noqa: DTZ011
    offers = {rent.provider: rent.usd_per_hour for rent in gpus()["h100"].rents}
    assert offers == {"somecloud": 2.2, "other": 2.5}
    assert not gpus()["h100"].rents[0].source.stale
    assert gpus()["h100"].planned().usd_per_hour == 2.2


def test_old_prices_go_stale(tmp_path: Path) -> None:
    """A copy that is dated long ago is marked."""
    path = tmp_path / "cloud.csv"
    path.write_text(CSV)
    refresh(path, date(2020, 1, 1))
    assert all(rent.source.stale for rent in gpus()["l40s"].rents)


def test_the_command(tmp_path: Path) -> None:
    """It says how many offers there are; a file that is not there is wrong usage."""
    path = tmp_path / "cloud.csv"
    path.write_text(CSV)
    result: Any = CliRunner().invoke(cli, ["gpus", "refresh", "--from", str(path)], standalone_mode=False)
    assert "h100: 1 offers" in result.output
    missing = CliRunner().invoke(cli, ["gpus", "refresh", "--from", str(tmp_path / "none")])
    assert missing.exit_code == 2


@pytest.mark.parametrize(("name", "content"), [("x.zip", b"no zip"), ("x.csv", b"\xff\xfe"), ("x.csv", b"a,b\n1,2\n")])
def test_what_is_no_catalogue(tmp_path: Path, name: str, content: bytes) -> None:
    """A damaged copy, and one without an offer."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError):
        refresh(path, date.today())  # noqa: DTZ011
