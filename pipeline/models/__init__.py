"""Where models come from: a folder, a hub id with revision, or the packaged demo model."""

from pipeline.base.credentials import credentials_in, masked, redacted
from pipeline.models.changes import source_changes
from pipeline.models.files import described_files, is_pickled, is_quantized, packaged_model, weight_files
from pipeline.models.resolve import (
    PACKAGED,
    SourceIdentity,
    SourceModel,
    identify_source,
    local_folder,
    resolve_source,
    source_identity,
)

__all__ = [
    "PACKAGED",
    "SourceIdentity",
    "SourceModel",
    "credentials_in",
    "described_files",
    "identify_source",
    "is_pickled",
    "is_quantized",
    "local_folder",
    "masked",
    "packaged_model",
    "redacted",
    "resolve_source",
    "source_changes",
    "source_identity",
    "weight_files",
]
