"""Bakes the commit into wheels and source distributions, where no git can be asked any more."""

import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `pipeline/commit.txt`, but to no editable install: a checkout goes on after it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the commit where the build takes it from."""
        checkout = runpy.run_path(str(Path(self.root, "pipeline", "base", "checkout.py")))
        baked, commit = checkout["BAKED"], checkout["own_commit"](Path(self.root).resolve())
        if version == "editable" or Path(self.root, baked).exists() or commit == checkout["UNKNOWN"]:
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name, "commit.txt")
        file.write_text(f"{commit}\n", encoding="ascii")
        build_data["force_include"][str(file)] = baked

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 -- hatchling's
        """Remove it again."""
        if folder := getattr(self, "_folder", None):
            folder.cleanup()
