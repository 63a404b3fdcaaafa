"""What became different in a source model since a checkpoint was made from it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.base.errors import SourceError
from pipeline.base.nested import flatten
from pipeline.models.checksums import SumCache, sum_files
from pipeline.models.files import described_files
from pipeline.models.resolve import SourceModel
from pipeline.models.trust import read_config

if TYPE_CHECKING:
    from pipeline.base.progress import Reporter
    from pipeline.models.checksums import FileSum
    from pipeline.models.manifest import ManifestSource

_TOKENIZER = ("tokenizer", "special_tokens_map", "added_tokens", "vocab", "merges", "spiece", "chat_template")
_DERIVED = {"quantization_config", "dtype", "torch_dtype"}
"""Keys that quantizing changes in the checkpoint's config.json."""
_LONGEST_VALUE = 60
_SHA256_DIGITS = 64
_MANIFEST = "awqctl-manifest.json"


def source_changes(
    before: "ManifestSource",
    source: SourceModel,
    checkpoint: Path | None = None,
    *,
    cache: SumCache | None = None,
    reporter: "Reporter | None" = None,
) -> list[str]:
    """Return sentences on what changed in the source; none when nothing did.

    Args:
        before: where the earlier checkpoint came from, as its manifest says.
        source: the model now.
        checkpoint: the earlier checkpoint. Its config.json stands in for the source's old one, which is better and
            used when the hub's cache still holds it.
        cache: spares reading what it knows of the source's files, and remembers the rest.
        reporter: shows the advance of reading.

    Raises:
        SourceError: a file of the source cannot be read.
    """
    if before.reference != source.reference:
        return [f"The source is {source.reference}; it was {before.reference}."]
    present = _present(before.files, source.path)
    changed = _changed(before.files, source.path, present, cache, reporter)
    added, removed = sorted(present - before.files.keys()), sorted(before.files.keys() - present)
    if not (changed or added or removed or before.commit != source.commit):
        return []
    sentences = [_commits(before, source)] if before.commit != source.commit else []
    sentences += [f"{what}: {', '.join(names)}." for what, names in _by_file(changed, added, removed) if names]
    sentences += _configuration(before, source, checkpoint) if "config.json" in changed else []
    return [*sentences, _verdict([*changed, *added, *removed])]


def _commits(before: "ManifestSource", source: SourceModel) -> str:
    was, now = (f"commit {commit[:12]}" if commit else "a local folder" for commit in (before.commit, source.commit))
    return f"{source.reference} moved from {was} to {now}."


def _by_file(changed: list[str], added: list[str], removed: list[str]) -> Iterator[tuple[str, list[str]]]:
    yield "Changed", changed
    yield "Added", added
    yield "Removed", removed


def _verdict(names: list[str]) -> str:
    weights = any(name.endswith((".safetensors", ".safetensors.index.json")) for name in names)
    tokenizer = any(Path(name).name.startswith(_TOKENIZER) for name in names)
    if not names:
        return "No file that is compared changed."
    first = "The weights changed" if weights else "The weights are the same, only files beside them changed"
    return f"{first}; the tokenizer {'changed' if tokenizer else 'is the same'}."


def _present(before: "Mapping[str, FileSum]", folder: Path) -> set[str]:
    """Return the names of the files that are there now, of the kinds that the manifest records."""
    return (described_files(folder) | {name for name in before if (folder / name).is_file()}) - {_MANIFEST}


def _changed(
    before: "Mapping[str, FileSum]",
    folder: Path,
    present: set[str],
    cache: SumCache | None,
    reporter: "Reporter | None",
) -> list[str]:
    """Return the names of the files that were there before and are different now; only equal sizes are read."""
    common = sorted(before.keys() & present)
    now = _sums(folder, [n for n in common if (folder / n).stat().st_size == before[n].bytes], cache, reporter)
    return [name for name in common if now.get(name) != before[name].sha256]


def _sums(folder: Path, names: Iterable[str], cache: SumCache | None, reporter: "Reporter | None") -> dict[str, str]:
    """Return checksums of files; the hub's cache names large files by it, so that 40 GB need not be read."""
    blobs = {name: (folder / name).resolve() for name in names}
    named = {name: blob.name for name, blob in blobs.items() if _is_named_by_sum(folder / name, blob)}
    read = sum_files(folder, names=blobs.keys() - named.keys(), cache=cache, reporter=reporter)
    return named | {name: entry.sha256 for name, entry in read.items()}


def _is_named_by_sum(path: Path, blob: Path) -> bool:
    return path.is_symlink() and blob.parent.name == "blobs" and len(blob.name) == _SHA256_DIGITS


def _configuration(before: "ManifestSource", source: SourceModel, checkpoint: Path | None) -> list[str]:
    """Return one sentence per key of config.json that changed."""
    old, derived = _old_config(before, source, checkpoint)
    if old is None:
        return ["config.json changed; the old one is not here to compare."]
    was, now = dict(flatten(old)), dict(flatten(source.config()))
    names = [name for name in sorted(was.keys() | now.keys()) if name.split(".")[0] not in derived]
    said = [
        f"config.json: {name} {_shown(was, name)} -> {_shown(now, name)}."
        for name in names
        if was.get(name, ...) != now.get(name, ...)
    ]
    return said or ["config.json was written anew; no key of it changed."]


def _old_config(
    before: "ManifestSource", source: SourceModel, checkpoint: Path | None
) -> tuple[dict[str, Any] | None, set[str]]:
    """Return the configuration before, and the keys in which it cannot be compared."""
    if before.commit and source.commit:
        cached = source.path.parent / before.commit / "config.json"
        if cached.is_file() and sum_files(cached.parent, names=[cached.name])[cached.name] == before.files[cached.name]:
            return read_config(cached), set()
    try:
        return (read_config(checkpoint / "config.json"), _DERIVED) if checkpoint else (None, set())
    except SourceError:
        return None, set()


def _shown(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return "(absent)"
    text = json.dumps(values[name], ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
