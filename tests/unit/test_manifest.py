"""The manifest finds every kind of damage."""

from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.manifest import Manifest, Origin, differences, read_manifest, sum_files, write_manifest


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder with two files and its manifest."""
    (tmp_path / "model.safetensors").write_bytes(b"weights" * 1000)
    (tmp_path / "config.json").write_text("{}")
    source = Origin(reference="org/name", commit="0" * 40, licence="mit", files={})
    files = sum_files(tmp_path)
    manifest = Manifest(created_at="2026-11-20", source=source, quantize={}, versions={}, files=files)
    write_manifest(manifest, tmp_path)
    return tmp_path


def test_intact_checkpoint_has_no_differences(checkpoint: Path) -> None:
    """Nothing is reported where nothing changed."""
    assert differences(checkpoint) == []


def test_flipped_bit(checkpoint: Path) -> None:
    """One flipped bit, same size."""
    path = checkpoint / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[1234] ^= 1
    path.write_bytes(content)
    assert differences(checkpoint) == ["model.safetensors: contents changed"]


def test_truncated_missing_and_extra_files(checkpoint: Path) -> None:
    """Each problem is a sentence of its own."""
    (checkpoint / "model.safetensors").write_bytes(b"short")
    (checkpoint / "config.json").unlink()
    (checkpoint / "extra.bin").write_bytes(b"")
    assert differences(checkpoint) == [
        "config.json: missing",
        "extra.bin: not in the manifest",
        "model.safetensors: 5 bytes, 7000 expected",
    ]


def test_digest_follows_contents(checkpoint: Path) -> None:
    """The digest names the contents, not the time of making."""
    manifest = read_manifest(checkpoint)
    later = manifest.model_copy(update={"created_at": "2027-01-01"})
    changed = manifest.model_copy(update={"files": {}})
    assert manifest.digest() == later.digest() != changed.digest()


def test_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    """A folder that is not ours is not called intact."""
    with pytest.raises(SourceError, match="not a checkpoint of awqctl"):
        differences(tmp_path)
