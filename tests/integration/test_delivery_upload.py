"""A delivery on the hub: private, only what its manifest lists, and going on where an upload was stopped."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.deliver.manifest import DeliveryManifest, read_delivery, write_delivery
from pipeline.models.checksums import sum_files

if TYPE_CHECKING:
    from tests.fakes.hub import FakeHub

TOKEN = "hf_" + "MadeUpTokenForTheseTests1234567890"[:34]
UPLOAD = """
import json, sys
from pathlib import Path
from pipeline.base.errors import AwqctlError
from pipeline.base.progress import SilentReporter
from pipeline.deliver.upload import upload
folder, repository, public = sys.argv[1], sys.argv[2], sys.argv[3] == "public"
try:
    sent = upload(Path(folder), repository, public=public, reporter=SilentReporter())
    print(sent.model_dump_json())
except AwqctlError as problem:
    print(json.dumps({"error": str(problem), "exit_code": problem.exit_code}))
"""
FILES = {
    "README.md": "# Delivery",
    "record.json": "{}",
    "checkpoint/README.md": "---\nlicense: mit\n---\n# The card\n",
    "checkpoint/config.json": "{}",
    "checkpoint/model-1.safetensors": "weights 1",
    "checkpoint/model-2.safetensors": "weights 2",
    "report/report.html": "<p>the report</p>",
    "report/evidence.json": "{}",
    "eval/awq/samples.jsonl": "{}",
}
SENT = {
    *("README.md", "config.json", "model-1.safetensors", "model-2.safetensors"),
    *("report/report.html", "report/evidence.json"),
}


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A delivery with what is sent and what stays."""
    folder = tmp_path / "delivery"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    manifest = DeliveryManifest(
        created_at="2026-11-29",
        awqctl="0",
        recipe="demo",
        run="0",
        made_from="0",
        formats=("html",),
        files=sum_files(folder),
    )
    write_delivery(manifest, folder)
    return folder


@pytest.fixture
def send(empty_hub: "FakeHub", delivery: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that uploads the delivery in a process of its own, and what that says."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ},
        "HOME": str(tmp_path),
        "HF_HOME": str(tmp_path / "hf"),
        "HF_ENDPOINT": empty_hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }

    def sent(repository: str = "maker/tiny", visibility: str = "private") -> dict[str, Any]:
        line = [sys.executable, "-c", UPLOAD, str(delivery), repository, visibility]
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    return sent


def test_checkpoint_card_and_reports_are_one_commit(empty_hub: "FakeHub", send: Callable[..., dict[str, Any]]) -> None:
    """In a private repository; the weights lie where engines look for them, and raw results stay at home."""
    answer = send()
    assert empty_hub.uploads.created == [{"name": "tiny", "organization": "maker", "visibility": "private"}]
    assert answer == {
        "repository": "maker/tiny",
        "revision": empty_hub.branches["main"],
        "private": True,
        "files": len(SENT),
    }
    assert set(empty_hub.files) == SENT
    assert empty_hub.files["README.md"].startswith(b"---\nlicense")
    assert f"Bearer {TOKEN}" in empty_hub.authorizations


def test_stopped_upload_goes_on(empty_hub: "FakeHub", send: Callable[..., dict[str, Any]]) -> None:
    """Nothing is visible before all is there; what the hub has got is not sent again, and neither is a whole one."""
    empty_hub.uploads.refuse_after = 1
    stopped = send()
    assert stopped["exit_code"] == 4
    assert "run the same command again" in stopped["error"]
    assert set(empty_hub.files) == set()
    first = dict(empty_hub.uploads.received)
    assert len(first) == 1
    empty_hub.uploads.refuse_after = None
    answer = send()
    assert set(empty_hub.files) == SENT
    assert sorted(empty_hub.uploads.received.values()) == [1, 1]
    again = send()
    assert (again["revision"], sorted(empty_hub.uploads.received.values())) == (answer["revision"], [1, 1])


def test_public_repository_is_not_taken_for_a_private_one(
    empty_hub: "FakeHub", send: Callable[..., dict[str, Any]]
) -> None:
    """It is refused unless that is said; a new one is public where it is asked for."""
    empty_hub.uploads.private = False
    empty_hub.push({})
    refused = send()
    assert refused["exit_code"] == 2
    assert "--public" in refused["error"]
    assert empty_hub.uploads.received == {}
    assert send(visibility="public")["private"] is False


def test_who_may_not_write_is_told(empty_hub: "FakeHub", send: Callable[..., dict[str, Any]]) -> None:
    """With the way out, and without a word of the hub's own answer."""
    empty_hub.refusal = (403, {})
    answer = send()
    assert answer["exit_code"] == 2
    assert "HF_TOKEN" in answer["error"]
    assert send("no name at all")["exit_code"] == 2


def test_changed_delivery_is_not_sent(
    empty_hub: "FakeHub", delivery: Path, send: Callable[..., dict[str, Any]]
) -> None:
    """Only what the manifest vouches for leaves the machine; a further file stops it, too."""
    (delivery / "checkpoint" / "more.bin").write_text("more")
    answer = send()
    assert answer["exit_code"] == 2
    assert "not in delivery.json" in answer["error"]
    assert empty_hub.asked == []
    shutil.rmtree(delivery / "report")
    assert read_delivery(delivery).files.keys() == FILES.keys()
