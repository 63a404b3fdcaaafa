"""What a model is called where readers see it: by name, never by a path."""

import re
from pathlib import Path, PurePosixPath

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_IN_HUB_CACHE = re.compile(r"models--([\w.-]+?)--([\w.-]+)/snapshots/")
_LONGEST = 100


def name_of_model(path: Path, reference: str) -> str:
    """Return what a model on this machine is called.

    That is its hub id, the first heading of its model card, or the last part of its folder. `_name_or_path` of its
    configuration is not looked at: a fine-tuned model's names the model that it was made from.
    """
    if cached := _IN_HUB_CACHE.search(path.as_posix() + "/"):
        return f"{cached[1]}/{cached[2]}"
    return _heading(path / "README.md") or name_of_reference(reference)


def name_of_reference(reference: str) -> str:
    """Return what a model is called by what a recipe names it: a hub id, or the last part of a path."""
    if _HUB_ID.fullmatch(reference) and not reference.startswith("."):
        return reference
    return PurePosixPath(reference.removeprefix("packaged:").replace("\\", "/")).name or reference


def _heading(card: Path) -> str | None:
    """Return the first heading of a model card, without marks; None where it has none that is a name."""
    if not card.is_file():
        return None
    text = card.read_text(encoding="utf-8-sig", errors="replace")
    body = re.sub(r"\A\s*---\n.*?\n---", "", text, count=1, flags=re.DOTALL)
    found = _HEADING.search(re.sub(r"```.*?```", "", body, flags=re.DOTALL))
    plain = re.sub(r"[*_`]|<[^>]*>|!?\[([^\]]*)\]\([^)]*\)", r"\1", found[1]).strip() if found else ""
    return plain if 0 < len(plain) <= _LONGEST else None
