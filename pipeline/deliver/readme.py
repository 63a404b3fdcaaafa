"""The README of a delivery: what lies in it, what it does not prove, and the commands to verify and to serve."""

from collections.abc import Iterable, Sequence

from pipeline.base.results import Gate
from pipeline.deliver.manifest import NAME, SUMS

_WHAT = {
    "checkpoint": "the quantized model with its model card; `checkpoint/awqctl-manifest.json` vouches for its files",
    "report": "the report in each format, its charts, and `evidence.json`: where each figure is from",
    "report/gates.xml": "gates and acceptance clauses as JUnit XML",
    "eval": "accuracy: results, and what each model answered, item by item",
    "bench": "speed: results, and what the load client wrote of each request",
    "profile": "where the time of the engine goes",
    "roi": "the costs",
    "quantize": "calibration and coverage of the quantization",
    "acceptance.yaml": "the clauses that were agreed; the report says when",
    "recipe.yaml": "the recipe, every setting filled in",
    "record.json": "the record of the run: results of all stages, machine and versions",
}


def readme(
    name: str,
    model: str,
    names: Iterable[str],
    reports: Sequence[str],
    gates: Sequence[Gate],
    not_measured: Sequence[str],
) -> str:
    """Return the text.

    Args:
        name: of the recipe.
        model: that was quantized.
        names: of files and folders of the delivery.
        reports: its report in each format, by path.
        gates: that the checkpoint did not pass.
        not_measured: sentences on what nobody knows.
    """
    there = set(names)
    contents = [f"| `{path}` | {what} |" for path, what in _WHAT.items() if path in there]
    return "\n".join(
        (
            f"# Delivery: {name}",
            "",
            f"{model}, quantized to 4 bit with AWQ by awqctl, and everything that was measured on it.",
            "",
            *_warnings(gates, not_measured),
            "| | |",
            "| --- | --- |",
            *contents,
            f"| `{NAME}`, `{SUMS}` | every file with its SHA-256 |",
            "",
            "## Verify",
            "",
            "```console",
            f"$ sha256sum -c {SUMS}",
            "$ awqctl verify .",
            *(f"$ awqctl report verify {path}" for path in reports[:1]),
            "```",
            "",
            "The first needs nothing but the core utilities. The last recomputes the chain from the report back to raw",
            "files.",
            "Sums find damage and mix-ups; they are no signature.",
            "",
            "## Serve",
            "",
            "```console",
            "$ vllm serve ./checkpoint",
            "$ awqctl serve recipe.yaml --out .",
            "```",
            "",
            "The second puts TLS, keys and limits in front of it.",
            "",
        )
    )


def _warnings(gates: Sequence[Gate], not_measured: Sequence[str]) -> list[str]:
    if not gates and not not_measured:
        return []
    said = [f"- **{gate.name} ({gate.outcome})**: {gate.statement}" for gate in gates]
    title = "## Gates that were not passed" if gates else "## Not measured"
    return [title, "", *said, *(f"- {sentence}" for sentence in not_measured), ""]
