"""The files of a run that go into a delivery, copied without paths of the machine; sums follow what was changed."""

import gzip
import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.base.commands import command
from pipeline.base.credentials import holds_secret
from pipeline.base.errors import SourceError
from pipeline.base.homes import user_home
from pipeline.base.yaml_text import write_yaml
from pipeline.deliver.redaction import Redactor, last_part, paths_in
from pipeline.models.manifest import CARD, read_manifest, write_manifest
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.acceptance_file import IN_THE_RECIPE, packaged_acceptance
from pipeline.record.context import CHECKPOINT, RunContext
from pipeline.record.record import RunRecord
from pipeline.report.acceptance.judge import agreed_version
from pipeline.report.stage import CARD as MEASURED_CARD
from pipeline.report.stage import FOLDER as REPORT

RECIPE_FILE = "recipe.yaml"
ACCEPTANCE = "acceptance.yaml"
GATES = f"{REPORT}/gates.xml"
_WEIGHTS = (".safetensors", ".bin", ".gguf", ".model", ".png", ".jpg", ".pdf", ".pptx", ".xlsx")
"""Not read as text."""
_TENSORS = (".safetensors", ".bin", ".gguf")
"""Too large to be read whole for words."""
_LONGEST_HEADER = 100_000_000
"""Bytes of a header that the library of safetensors reads."""
_DATA = ".samples.jsonl"
"""Texts of tasks, which may be about any path."""
_FEWEST_PARTS = 3
"""Of a home that names its user: `/home/alice`, not `/root`."""


@dataclass
class Copied:
    """What was changed on the way."""

    before: dict[str, str] = field(default_factory=dict)
    """Path -> the SHA-256 that the file had."""
    sums: dict[str, str] = field(default_factory=dict)
    """SHA-256 before -> after, of changed files."""

    def renewed(self, text: str) -> str:
        """Return a text that states the sums of changed files as they are now."""
        for before, after in self.sums.items():
            text = text.replace(before, after)
        return text


def redactor_of(record: RunRecord, context: RunContext) -> Redactor:
    """Return what takes out the paths that the run's results state, and the folders that it worked in."""
    stated = [*paths_in(record.model_dump(mode="json"))]
    for path in context.out.glob("eval/*/*.results.json"):
        stated += paths_in(json.loads(path.read_text(encoding="utf-8")))
    names = {path: last_part(path) for path in stated if len(Path(path).parts) >= _FEWEST_PARTS - 1}
    names |= {str(user_home()): "~/.awqctl"}
    names |= {str(path): "." for path in (context.recipe_dir, context.out) if path.is_absolute() and path.name}
    if len(Path.home().parts) >= _FEWEST_PARTS:
        names[str(Path.home())] = "~"
    return Redactor(names)


def copy_results(record: RunRecord, context: RunContext, folder: Path, redactor: Redactor) -> Copied:
    """Copy what the stages published into a folder, raw files before the results that state their sums.

    Raises:
        SourceError: a file is gone.
    """
    copied = Copied()
    published = {
        path: digest for stage in record.stages.values() if stage.usable for path, digest in stage.sums.items()
    }
    wanted = [path for path in published if not path.startswith(f"{REPORT}/")]
    for path in sorted(wanted, key=lambda path: (_states_sums(path), path)):
        before = (context.out / path).read_bytes()
        after = _redacted(path, before, redactor, copied)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(after)
        if after != before:
            copied.before[path] = published[path]
            copied.sums[published[path]] = hashlib.sha256(after).hexdigest()
    return copied


def copy_acceptance(record: RunRecord, context: RunContext, folder: Path, redactor: Redactor) -> None:
    """Copy the terms that the record was judged by, and the gates as JUnit XML."""
    beside = {GATES: context.out / GATES, ACCEPTANCE: _terms_file(record, context)}
    for name, path in beside.items():
        if path and path.is_file() and not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(_redacted(name, path.read_bytes(), redactor, Copied()))
    agreed = agreed_version(record)
    if agreed and agreed.source != IN_THE_RECIPE and not (folder / ACCEPTANCE).exists():
        (folder / ACCEPTANCE).write_text(redactor.text(write_yaml(agreed.terms)), encoding="utf-8")


def _terms_file(record: RunRecord, context: RunContext) -> Path | None:
    """Return the file that was agreed; None where it is not there any more, or says something else by now."""
    section, agreed = record.recipe.get("acceptance"), agreed_version(record)
    named = section.get("file") if isinstance(section, dict) else section
    if not isinstance(named, str) or agreed is None:
        return None
    path = packaged_acceptance().get(named, context.recipe_dir / named)
    same = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == agreed.sha256
    return path if same else None


def copy_checkpoint(context: RunContext, folder: Path, redactor: Redactor) -> None:
    """Copy the checkpoint by its manifest, with the card that has the measured accuracy where there is one.

    The manifest names the source by its last part where that is a folder; the files it vouches for are as they are.
    """
    source, target = context.out / CHECKPOINT, folder / CHECKPOINT
    manifest = read_manifest(source)
    for name in manifest.files:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    measured = context.out / REPORT / MEASURED_CARD
    card = measured if measured.is_file() else source / CARD
    if card.is_file():
        (target / CARD).write_text(redactor.text(card.read_text(encoding="utf-8")), encoding="utf-8")
    named = manifest.source.model_copy(update={"reference": redactor.text(manifest.source.reference)})
    quantize = json.loads(redactor.text(json.dumps(manifest.quantize)))
    write_manifest(manifest.model_copy(update={"source": named, "quantize": quantize}), target)


def redacted_record(record: RunRecord, redactor: Redactor, copied: Copied, names: set[str]) -> RunRecord:
    """Return the record for a delivery: sums of the files as they are there, and no artifact that is not there.

    Args:
        record: of the run.
        redactor: takes out paths.
        copied: what it changed in the files.
        names: of the files and folders that are delivered.
    """
    document: dict[str, Any] = json.loads(copied.renewed(redactor.text(record.model_dump_json())))
    found = RunRecord.model_validate(document)
    origin = record.recipe_origin
    kept = {
        name: stage.model_copy(
            update={
                "artifacts": {key: path for key, path in stage.artifacts.items() if path in names},
                "sums": {path: digest for path, digest in stage.sums.items() if not path.startswith(f"{REPORT}/")},
            }
        )
        for name, stage in found.stages.items()
    }
    named = origin if origin is None or origin.startswith("packaged:") else RECIPE_FILE
    return found.model_copy(update={"stages": kept, "recipe_origin": named, "failed_attempts": {}})


def require_clean(folder: Path, redactor: Redactor) -> None:
    """Refuse a delivery with a token, a key or a path of the machine in it.

    Raises:
        SourceError: names the files.
    """
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    texts = {name: _words_in(path) for name, path in files.items()}
    secret = [name for name, text in texts.items() if holds_secret(text)]
    if secret:
        raise SourceError(
            f"{', '.join(secret)}: holds what looks like a token or a key, which is not delivered. Take it out of the "
            f"run, or revoke it, and deliver again."
        )
    leaking = [name for name, text in texts.items() if redactor.leaks(text)]
    if leaking:
        raise SourceError(
            f"{', '.join(leaking)}: names a folder of this machine, and its bytes are vouched for, so that the name "
            f"cannot be taken out. Make the checkpoint again from a source that does not name it."
        )


def _words_in(path: Path) -> str:
    """Return all that may be words in a file: of weights their header, of Office files every part."""
    if path.name.endswith(_TENSORS):
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little") if path.suffix == ".safetensors" else 0
            return stream.read(min(length, _LONGEST_HEADER)).decode(errors="replace")
    data = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    try:
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode(errors="replace")
    except (OSError, EOFError, zlib.error):
        return ""


def files_and_folders(folder: Path) -> set[str]:
    """Return all that lies below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def made_of(record: RunRecord) -> QuantizeResult:
    """Return what the checkpoint is made of.

    Raises:
        MissingStageError: there is none.
    """
    return record.result(QuantizeResult)


def _states_sums(path: str) -> bool:
    """Return whether a file is a result, which states the sums of raw files, and is copied after these."""
    return path.count("/") == 1 and path.endswith(".json")


def _redacted(path: str, data: bytes, redactor: Redactor, copied: Copied) -> bytes:
    text = _text(path, data)
    if text is None:
        return data
    clean = copied.renewed(redactor.text(text, users=not path.endswith(_DATA)))
    if clean == text:
        return data
    return gzip.compress(clean.encode(), mtime=0) if path.endswith(".gz") else clean.encode()


def _text(path: str, data: bytes) -> str | None:
    """Return a file as text; None of one that is none."""
    if path.endswith(_WEIGHTS):
        return None
    try:
        return (gzip.decompress(data) if path.endswith(".gz") else data).decode()
    except (UnicodeDecodeError, OSError):
        return None


def unchanged(problems: Iterator[str], out: Path) -> None:
    """Refuse a run whose files are not as they were published.

    Raises:
        SourceError: says which.
    """
    found = list(problems)
    if found:
        raise SourceError(
            f"{out}: {'; '.join(found[:3])}{'; more' if len(found) > 3 else ''}. A delivery has the results as they "  # noqa: PLR2004 -- shown
            f"were made: `awqctl verify {out}` names all, `{command('run')}` makes them again."
        )
