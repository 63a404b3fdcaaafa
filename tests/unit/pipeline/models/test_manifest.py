"""The manifest finds every kind of damage, and a new model card makes no other checkpoint."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.errors import SourceError
from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.models.checksums import SumCache, sum_files
from pipeline.models.manifest import CARD, NAME, Manifest, ManifestSource, differences, read_manifest, write_manifest
from pipeline.record.context import RunContext
from tests.helpers import invoke

INDEX = "model.safetensors.index.json"
LONG_AGO_NS = 10**18


def seal(folder: Path) -> Path:
    """Write the manifest of the files as they are; return the folder."""
    source = ManifestSource(reference="org/name", commit="0" * 40, licence="mit", files={})
    files = {name: entry for name, entry in sum_files(folder).items() if name != NAME}
    made = "2026-11-20T10:00:00+00:00"
    write_manifest(Manifest(created_at=made, source=source, quantize={}, versions={}, files=files), folder)
    return folder


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder with weights, a configuration, a card, and its manifest."""
    folder = tmp_path / "out" / "checkpoint"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights" * 1000)
    (folder / "config.json").write_text("{}")
    (folder / CARD).write_text("# card\n")
    for path in folder.iterdir():
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return seal(folder)


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """The context of the run that made it."""
    return RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter())


def test_intact_checkpoint_has_no_differences(checkpoint: Path) -> None:
    """Nothing is reported where nothing changed, with a cache and without."""
    assert differences(checkpoint) == differences(checkpoint, cache=SumCache(user_home())) == []


@pytest.mark.parametrize("cached", [False, True])
def test_flipped_bit(checkpoint: Path, cached: bool) -> None:  # noqa: FBT001 -- a parameter
    """One flipped bit, same size; a cache that knew the file before does not hide it."""
    cache = SumCache(user_home()) if cached else None
    differences(checkpoint, cache=cache)
    path = checkpoint / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[1234] ^= 1
    path.write_bytes(content)
    assert differences(checkpoint, cache=cache) == ["model.safetensors: contents changed"]


@pytest.mark.parametrize("name", [NAME, "config.json"])
def test_every_flipped_byte_is_found(checkpoint: Path, name: str) -> None:
    """Each byte of the file, one bit at a time; the manifest itself is no exception."""
    path = checkpoint / name
    original = path.read_bytes()
    missed = []
    for position in range(len(original)):
        content = bytearray(original)
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        if not differences(checkpoint):
            missed.append(position)
    assert missed == []
    path.write_bytes(original)
    assert differences(checkpoint) == []


def test_truncated_missing_and_extra_files(checkpoint: Path) -> None:
    """Each problem is a sentence of its own, wherever the file lies."""
    (checkpoint / "model.safetensors").write_bytes(b"short")
    (checkpoint / "config.json").unlink()
    (checkpoint / "extra.bin").write_bytes(b"")
    (checkpoint / "sub").mkdir()
    (checkpoint / "sub" / NAME).write_bytes(b"")
    expected = [
        "config.json: missing",
        "extra.bin: not in the manifest",
        f"sub/{NAME}: not in the manifest",
        "model.safetensors: 5 bytes, 7000 expected",
    ]
    assert differences(checkpoint) == differences(checkpoint, contents=False) == expected


def test_contents_can_be_left_unread(checkpoint: Path) -> None:
    """Names and sizes alone do not see a change of the same size."""
    (checkpoint / "config.json").write_text("[]")
    assert (differences(checkpoint, contents=False), len(differences(checkpoint))) == ([], 1)


def test_links_and_devices_are_no_files(checkpoint: Path, tmp_path: Path) -> None:
    """A link may lead to other bytes tomorrow, and a pipe has none."""
    (tmp_path / "elsewhere").mkdir()
    (checkpoint / "model.safetensors").rename(tmp_path / "elsewhere" / "weights")
    (checkpoint / "model.safetensors").symlink_to(tmp_path / "elsewhere" / "weights")
    (checkpoint / "sub").symlink_to(tmp_path / "elsewhere")
    (checkpoint / "gone").symlink_to("nowhere")
    os.mkfifo(checkpoint / "pipe")
    assert differences(checkpoint) == [
        "gone: a link to nowhere, not a file of the checkpoint",
        f"model.safetensors: a link to {tmp_path}/elsewhere/weights, not a file of the checkpoint",
        "pipe: neither a file nor a folder",
        f"sub: a link to {tmp_path}/elsewhere, not a file of the checkpoint",
    ]


def as_somebody(folder: Path, look: Callable[[], list[str]]) -> list[str]:
    """Return what `look` finds when the process does not have root's right to read everything."""
    if os.geteuid() != 0:
        return look()
    modes = {path: path.stat().st_mode for path in (folder, *folder.parents)}
    closed = [path for path, mode in modes.items() if mode & 0o055 != 0o055]
    for path in closed:
        path.chmod(modes[path] | 0o055)
    os.seteuid(65534)
    try:
        return look()
    finally:
        os.seteuid(0)
        for path in closed:
            path.chmod(modes[path])


def test_unreadable_file_and_folder(checkpoint: Path) -> None:
    """What cannot be read is not called intact."""
    (checkpoint / "config.json").chmod(0)
    (checkpoint / "closed").mkdir(mode=0)
    try:
        found = as_somebody(checkpoint, lambda: differences(checkpoint))
    finally:
        (checkpoint / "closed").rmdir()
    expected = ["closed: cannot be read (Permission denied)", "config.json: cannot be read (Permission denied)"]
    assert found == expected


def test_manifest_that_lists_nothing(tmp_path: Path) -> None:
    """An empty list vouches for nothing."""
    assert differences(seal(tmp_path)) == [f"{NAME}: lists no file"]


def test_index_names_a_shard_nobody_vouches_for(checkpoint: Path) -> None:
    """A loader would look for it, or take one from elsewhere."""
    shards = {"a": "model.safetensors", "b": "model-2.safetensors", "c": "../model-3.safetensors"}
    (checkpoint / INDEX).write_text(json.dumps({"weight_map": shards}))
    assert differences(seal(checkpoint)) == [
        f"{INDEX}: names ../model-3.safetensors, which is not in the manifest",
        f"{INDEX}: names model-2.safetensors, which is not in the manifest",
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weight_map": [1]}', '{"weight_map": {"a": 1}}'])
def test_index_that_is_none(checkpoint: Path, content: str) -> None:
    """An index without shards cannot be loaded."""
    (checkpoint / INDEX).write_text(content)
    assert differences(seal(checkpoint)) == [f"{INDEX}: not an index of shards"]


def test_card_may_be_another_one_but_must_be_there(checkpoint: Path) -> None:
    """Whoever publishes the checkpoint puts the card with the measured figures in; it stays the same checkpoint."""
    (checkpoint / CARD).write_text("# measured\n")
    assert differences(checkpoint) == []
    (checkpoint / CARD).unlink()
    assert differences(checkpoint) == [f"{CARD}: missing"]


def test_digest_follows_contents(checkpoint: Path) -> None:
    """The digest names the contents, not the time of making, nor the model card."""
    manifest = read_manifest(checkpoint)
    later = manifest.model_copy(update={"created_at": "2027-01-01"})
    (checkpoint / CARD).write_text("# another card\n")
    carded = read_manifest(seal(checkpoint))
    changed = manifest.model_copy(update={"files": {}})
    assert carded.files[CARD] != manifest.files[CARD]
    assert manifest.digest() == later.digest() == carded.digest() != changed.digest()


def test_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    """A folder that is not ours is not called intact, nor is one that is not there."""
    with pytest.raises(SourceError, match="not a checkpoint of awqctl"):
        differences(tmp_path)
    with pytest.raises(SourceError, match="There is no folder"):
        differences(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"files": {}}'])
def test_damaged_manifest(checkpoint: Path, content: bytes) -> None:
    """It is a difference for who compares, and an error for who needs it."""
    (checkpoint / NAME).write_bytes(content)
    assert differences(checkpoint) == [f"{NAME}: damaged"]
    with pytest.raises(SourceError, match="is damaged"):
        read_manifest(checkpoint)


def test_manifest_of_the_first_release_has_no_seal(checkpoint: Path) -> None:
    """Checkpoints made before stay usable."""
    document = json.loads((checkpoint / NAME).read_text())
    document.pop("seal")
    (checkpoint / NAME).write_text(json.dumps(document))
    assert differences(checkpoint) == []


def verify(folder: Path) -> tuple[int, dict[str, object], str]:
    """Run `awqctl verify --json`; return exit code, document and standard error."""
    answer = invoke("verify", folder, "--json", raises=True)
    return answer.return_value, json.loads(answer.stdout), answer.stderr


def test_verify_takes_the_output_folder(checkpoint: Path) -> None:
    """It checks the checkpoint in it and says so."""
    code, document, errors = verify(checkpoint.parent)
    expected = {
        "checkpoint": str(checkpoint),
        "files": 3,
        "recorded_files": 0,
        "delivered_files": 0,
        "intact": True,
        "problems": [],
    }
    assert (code, document) == (0, expected)
    assert f"{checkpoint.parent} is an output folder; checking {checkpoint}." in errors


def test_verify_reads_what_the_cache_believes(checkpoint: Path) -> None:
    """A cache that is wrong, as after a flip below the file system, is not asked; and it is corrected."""
    cache = SumCache(user_home())
    (checkpoint / "config.json").write_text("[]")
    os.utime(checkpoint / "config.json", ns=(LONG_AGO_NS, LONG_AGO_NS))
    differences(checkpoint, cache=cache)
    known = cache.recall(checkpoint)["config.json"]
    sha256 = read_manifest(checkpoint).files["config.json"].sha256
    cache.store(checkpoint, {"config.json": known.model_copy(update={"sha256": sha256})})
    assert differences(checkpoint, cache=cache) == []
    code, document, _ = verify(checkpoint)
    assert (code, document["problems"]) == (3, ["config.json: contents changed"])
    assert differences(checkpoint, cache=cache) == ["config.json: contents changed"]


def test_verify_of_a_damaged_manifest(checkpoint: Path) -> None:
    """Damage is damage, exit code 3, wherever it is."""
    (checkpoint / NAME).write_bytes((checkpoint / NAME).read_bytes().replace(b"2026", b"2027", 1))
    expected = {"checkpoint": str(checkpoint), "files": 0, "recorded_files": 0, "delivered_files": 0, "intact": False}
    assert verify(checkpoint)[:2] == (3, expected | {"problems": [f"{NAME}: damaged"]})
