"""The YAML front matter of a model card, as the Hugging Face hub reads it."""

from typing import Any

from pipeline.base.yaml_text import write_yaml
from pipeline.models.manifest import Manifest
from pipeline.quantize.result import QuantizeResult

_IDENTIFIERS = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0
lgpl lgpl-2.1 lgpl-3.0 isc intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0
openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 gemma unknown other
"""
LICENCES = frozenset(_IDENTIFIERS.split())
"""What the hub knows (its documentation, "Licenses"); anything else is `other` with a name."""


def front_matter(made: QuantizeResult, manifest: Manifest) -> str:
    """Return the metadata between two lines of `---`.

    `base_model` stands there for a hub model only: the hub refuses anything else, and the path of a folder is of no
    use to a reader.
    """
    fields: dict[str, Any] = {}
    if made.source_commit is not None:
        fields |= {"base_model": flat(made.source), "base_model_relation": "quantized"}
    fields |= _licence(made.licence, licence_files(manifest))
    fields |= {"library_name": "vllm", "pipeline_tag": "text-generation", "tags": _tags(made.format)}
    text = write_yaml(fields, width=float("inf"))
    return f"---\n{text}---\n"


def licence_files(manifest: Manifest) -> tuple[str, ...]:
    """Return the licence and notice files of the source that are beside the card."""
    return tuple(name for name in sorted(manifest.files) if name.upper().startswith(("LICENSE", "LICENCE", "NOTICE")))


def flat(text: str) -> str:
    """Return text on one line, without characters that cannot be printed."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _licence(licence: str, files: tuple[str, ...]) -> dict[str, str]:
    known = flat(licence).lower()
    if known in LICENCES:
        return {"license": known}
    texts = [name for name in files if not name.upper().startswith("NOTICE")]
    return {"license": "other", "license_name": flat(licence)} | ({"license_link": texts[0]} if texts else {})


def _tags(form: str) -> list[str]:
    return ["awq", "4-bit", "vllm", *(["compressed-tensors"] if form == "pack-quantized" else [])]
