"""The recipe section `model`: where the source model comes from."""

import re

from pydantic import model_validator

from pipeline.recipe.section import Section


class ModelSource(Section):
    """Where the source model comes from."""

    source: str
    """A folder, a hub id (`org/name`), or `packaged:demo`."""
    revision: str | None = None
    """Branch, tag or commit of a hub id; resolved to a commit and recorded."""
    licence: str | None = None
    """Overrides the licence found in the model card."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model. A hub id then needs a `revision` of 40 digits: a commit you read."""

    @model_validator(mode="after")
    def _revision_is_one(self) -> "ModelSource":
        revision = self.revision
        if revision is not None and (not re.fullmatch(r"\w[\w./+-]*", revision) or ".." in revision):
            raise ValueError(f"revision must be a branch, a tag or a commit, not {revision!r}")
        return self
