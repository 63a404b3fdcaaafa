"""Cards, and what they are made of, for the tests of both rooms that write some."""

import re
from collections.abc import Callable
from typing import Any

from pipeline.models.checksums import FileSum
from pipeline.models.manifest import Manifest, ManifestSource
from pipeline.quantize.result import CoverageResult, KindAudit, LayerAudit, QuantizeResult
from tests.results import quantize_result

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Mixtral = Callable[..., QuantizeResult]


def mixtral(**changes: Any) -> QuantizeResult:
    """Return what the quantize stage reports of a hub model; keywords replace fields."""
    unmeasured: dict[str, Any] = {"relative_error": None, "error_bound": None, "error_ratio": None}
    scaled = {"scaled": 2, "rounded": 0, "left": 0, "relative_error": 0.07, "error_bound": 0.1, "error_ratio": 0.9}
    kinds = (
        KindAudit(kind="self_attn.q_proj", layers=2, parameters=8_000, **scaled),
        KindAudit(kind="block_sparse_moe.gate", layers=6, parameters=600, scaled=0, rounded=0, left=6, **unmeasured),
    )
    facts: dict[str, Any] = {
        "source": "example-org/tiny-mixtral",
        "source_commit": COMMIT,
        "backend": "llm-compressor",
        "format": "pack-quantized",
        "calibration_source": "chats.jsonl (75 %), wiki.txt (25 %)",
        "coverage": CoverageResult(
            share_4bit=0.9996,
            share_scaled=0.5,
            share_of_model_4bit=0.875,
            layers_compared=2,
            equivalence=0.0004,
            kinds=kinds,
        ),
    }
    return quantize_result(**{**facts, **changes})


def make_manifest(*names: str, weights: str = "aa") -> Manifest:
    """Return a manifest of files named, made from a source with these weights."""
    calibration = {"sources": [{"source": "chats.jsonl", "weight": 3}, {"source": "wiki.txt"}], "seed": 17}
    return Manifest(
        created_at="2026-11-20T00:00:00+00:00",
        source=ManifestSource(
            reference="example-org/tiny-mixtral",
            commit=COMMIT,
            licence="apache-2.0",
            files={"model.safetensors": FileSum(bytes=20_480, sha256=weights * 32)},
        ),
        quantize={"group_size": 64, "calibration": calibration},
        versions={"awqctl": "0.1.0", "llmcompressor": "0.12.0.2"},
        files={name: FileSum(bytes=1, sha256="bb" * 32) for name in names},
    )


def make_layers() -> tuple[LayerAudit, ...]:
    """Return an audit with six routers and an ignored head in 16 bit."""
    scaled = tuple(
        LayerAudit(name=f"model.layers.{place}.self_attn.q_proj", parameters=4000, treatment="scaled")
        for place in range(2)
    )
    routers = tuple(
        LayerAudit(name=f"model.layers.{place}.gate", parameters=100, treatment="16 bit", reason="router")
        for place in range(6)
    )
    head = LayerAudit(name="lm_head", parameters=1000, treatment="16 bit", reason="ignored by the recipe")
    return (*scaled, *routers, head)


def table_after(card: str, heading: str) -> list[str]:
    """Return the lines of the first table below a heading."""
    return re.findall(r"^\|.*$", card.split(heading, 1)[1].split("\n## ", 1)[0], re.MULTILINE)
