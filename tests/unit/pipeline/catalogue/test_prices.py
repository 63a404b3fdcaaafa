"""Rental prices through gpuhunt itself, from local copies of its catalogue and from a mirror on the disk."""

import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.catalogue.files import PRICES, own
from pipeline.catalogue.gpus import gpus
from pipeline.catalogue.prices import refresh
from pipeline.cli.main import cli

CSV = """instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor
a,eu,20.0,96,960,8,H100,80,False,,nvidia
b,us,2.2,12,120,1,H100,80,False,,nvidia
c,us,0.9,12,120,1,H100,80,True,,nvidia
d,us,1.1,12,120,1,A100,40,False,,nvidia
e,us,1.9,12,120,1,A100,80,False,,nvidia
f,us,0.5,8,60,1,L40S,48,False,,nvidia
g,us,0.1,8,60,0,,,False,,
h,us,0.1,8,60,1,Voodoo,1,False,,nvidia
i,us,9,8,60,1,H100,94,False,,nvidia
j,us,0.2,8,60,1,L40,48,False,,nvidia
k,us,1.5,8,60,1,MI300X,192,False,,amd
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the user's files in a folder of the test."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    gpus.cache_clear()
    yield
    gpus.cache_clear()


def test_a_copy_is_read(tmp_path: Path) -> None:
    """The cheapest on-demand price per GPU of each provider, by memory; no spot prices, no names that are only near."""
    path = tmp_path / "catalog.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("runpod.csv", CSV)
        archive.writestr("lambdalabs.csv", CSV.replace("2.2", "3.3"))
    today = date.today()  # noqa: DTZ011 -- prices are dated by day
    assert refresh(path, today) == {"a100-40": 2, "a100-80": 2, "h100": 2, "l40s": 2, "mi300x": 2}
    offers = {rent.provider: rent.usd_per_hour for rent in gpus()["h100"].rents}
    assert offers == {"runpod": 2.2, "lambdalabs": 2.5}
    assert not gpus()["h100"].rents[0].source.stale
    assert gpus()["h100"].planned().usd_per_hour == 2.2
    assert {rent.usd_per_hour for rent in gpus()["l40s"].rents} == {0.5}


def test_a_folder_is_a_copy_too(tmp_path: Path) -> None:
    """One CSV file per provider."""
    (tmp_path / "gcp.csv").write_text(CSV)
    assert refresh(tmp_path, date(2026, 11, 1))["h100"] == 1


def test_what_is_published_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a mirror laid out as gpuhunt publishes: prices have the date of their provider's catalogue."""
    for provider, version in (("runpod", "20260818-42"), ("aws", "20261101-3")):
        folder = tmp_path / "mirror" / provider / version
        folder.mkdir(parents=True)
        (folder.parent / "version").write_text(version)
        with zipfile.ZipFile(folder / "catalog.zip", "w") as archive:
            archive.writestr(f"{provider}.csv", CSV)
    monkeypatch.setenv("GPUHUNT_CATALOG_URL", (tmp_path / "mirror").as_uri())
    assert refresh(None, date(2026, 11, 29))["h100"] == 2
    dates = {rent.provider: rent.source.date for rent in gpus()["h100"].rents}
    assert dates == {"runpod": date(2026, 8, 18), "aws": date(2026, 11, 1)}


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is there: the environment lacks it, nothing is written, and a copy can be given."""
    monkeypatch.setenv("GPUHUNT_CATALOG_URL", (tmp_path / "none").as_uri())
    with pytest.raises(EnvironmentLackError, match="--from"):
        refresh(None, date(2026, 11, 29))
    assert not own(PRICES).exists()


def test_old_prices_go_stale(tmp_path: Path) -> None:
    """A copy that is dated long ago is marked."""
    path = tmp_path / "oci.csv"
    path.write_text(CSV)
    refresh(path, date(2020, 1, 1))
    assert all(rent.source.stale for rent in gpus()["l40s"].rents)


def test_a_fresh_price_comes_before_a_cheaper_old_one(tmp_path: Path) -> None:
    """The cheapest of those that are not too old; an old one only where there is no other."""
    today = date.today()  # noqa: DTZ011 -- prices are dated by day
    own("gpus.yaml").parent.mkdir(parents=True)
    own("gpus.yaml").write_text(
        f"sources: {{old: {{title: Old, date: 2020-01-01}}, new: {{title: New, date: {today}}}}}\n"
        "gpus:\n  h100: {rent: [{usd_per_hour: 1, provider: a, term: t, source: old}, "
        "{usd_per_hour: 3, provider: b, term: t, source: new}]}\n"
        "  l4: {rent: [{usd_per_hour: 1, provider: a, term: t, source: old}]}\n"
    )
    assert gpus()["h100"].planned().usd_per_hour == 3
    assert gpus()["l4"].planned().usd_per_hour == 1


def test_the_command(tmp_path: Path) -> None:
    """It says how many offers there are; a file that is not there is wrong usage."""
    path = tmp_path / "nebius.csv"
    path.write_text(CSV)
    result: Any = CliRunner().invoke(cli, ["gpus", "refresh", "--from", str(path)], standalone_mode=False)
    assert "h100: 1 offer\n" in result.output
    missing = CliRunner().invoke(cli, ["gpus", "refresh", "--from", str(tmp_path / "none")])
    assert missing.exit_code == 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.zip", b"no zip", "no catalogue of gpuhunt"),
        ("runpod.csv", b"\xff\xfe", "cannot read runpod.csv"),
        ("runpod.csv", b"a,b\n1,2\n", "no offer"),
        ("somecloud.csv", CSV.encode(), "somecloud"),
    ],
)
def test_what_is_no_catalogue(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """A damaged copy, one without an offer, and one of a provider that gpuhunt does not have."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        refresh(path, date.today())  # noqa: DTZ011
