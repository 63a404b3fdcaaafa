"""The model card: front matter that the hub reads, what it says of the checkpoint, and its renewal after eval."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from eval.accuracy.result import Contrast, EvalResult, TaskScore
from pipeline.models.checksums import FileSum, sum_files
from pipeline.models.manifest import CARD, Manifest, ManifestSource, differences, read_manifest, write_manifest
from pipeline.quantize.result import CoverageResult, KindAudit, LayerAudit, QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageResult
from pipeline.report.card.card import model_card
from pipeline.report.card.card_refresh import refresh_card
from tests.helpers import RecordingReporter

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
MINUS = "\N{MINUS SIGN}"
Mixtral = Callable[..., QuantizeResult]


@pytest.fixture
def mixtral(make_quantized: Callable[..., QuantizeResult]) -> Callable[..., QuantizeResult]:
    """Return a function that makes what the quantize stage reports of a hub model; keywords replace fields."""
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
    return lambda **changes: make_quantized(**{**facts, **changes})


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


@pytest.fixture
def measured(make_task: Callable[..., TaskScore], make_accuracy: Callable[..., EvalResult]) -> EvalResult:
    """Return a task that passed, one that failed and one that is not decided, of a baseline of 0.8."""
    tasks = [
        make_task("arc_easy", 0.8, 0.798, 0.01, items=500),
        make_task("piqa", 0.8, 0.75, 0.01, items=500, clusters=12),
        make_task("boolq", 0.8, 0.79, 0.01, items=500, min_recovery=0.9875),
    ]
    return make_accuracy(*tasks)


@pytest.fixture
def card_of(mixtral: Mixtral) -> Callable[..., str]:
    """Return a function that makes a card, of a hub model by default."""

    def card(made: QuantizeResult | None = None, manifest: Manifest | None = None, **rest: Any) -> str:
        return model_card(made or mixtral(), manifest or make_manifest("LICENSE"), make_layers(), **rest)

    return card


def table_after(card: str, heading: str) -> list[str]:
    """Return the lines of the first table below a heading."""
    return re.findall(r"^\|.*$", card.split(heading, 1)[1].split("\n## ", 1)[0], re.MULTILINE)


def test_front_matter_is_read_by_the_hub_library(card_of: Callable[..., str]) -> None:
    """The hub's own reader finds base model, relation, licence, library and tags."""
    data = ModelCard(card_of()).data.to_dict()

    assert data == {
        "base_model": "example-org/tiny-mixtral",
        "base_model_relation": "quantized",
        "license": "apache-2.0",
        "library_name": "vllm",
        "pipeline_tag": "text-generation",
        "tags": ["awq", "4-bit", "vllm", "compressed-tensors"],
    }


def test_local_folder_is_no_base_model_of_the_hub(mixtral: Mixtral, card_of: Callable[..., str]) -> None:
    """A folder has no hub id: the front matter keeps silent, the text names it with the digest of its files."""
    made = mixtral(source="models/mine", source_commit=None, format="awq-gemm")
    card, other = (card_of(made, make_manifest(weights=weights)) for weights in ("aa", "cc"))
    digest = r"SHA-256 over the sums of its weights and configuration \| `([0-9a-f]{64})`"

    assert "base_model" not in ModelCard(card).data.to_dict()
    assert "compressed-tensors" not in ModelCard(card).data.to_dict()["tags"]
    assert "| Model | `models/mine` |" in card
    assert "| Revision | a local folder, without a commit |" in card
    assert re.findall(digest, card) != re.findall(digest, other)


@pytest.mark.parametrize(
    ("licence", "files", "expected"),
    [
        ("MIT", (), {"license": "mit"}),
        ("unknown", (), {"license": "unknown"}),
        ("psf-2.0", (), {"license": "other", "license_name": "psf-2.0"}),
        (
            "psf-2.0",
            ("LICENSE.txt", "NOTICE"),
            {"license": "other", "license_name": "psf-2.0", "license_link": "LICENSE.txt"},
        ),
    ],
)
def test_licence_is_one_the_hub_knows_or_other(
    licence: str, files: tuple[str, ...], expected: dict[str, str], mixtral: Mixtral, card_of: Callable[..., str]
) -> None:
    """What the hub does not know is `other`, with its name and the file beside the card."""
    data = ModelCard(card_of(mixtral(licence=licence), make_manifest(*files))).data.to_dict()

    assert {key: value for key, value in data.items() if key.startswith("license")} == expected


def test_licence_and_notices_of_the_source_are_named(mixtral: Mixtral, card_of: Callable[..., str]) -> None:
    """The files that were taken over stand in the text; an unstated licence is a warning."""
    stated = card_of(manifest=make_manifest("LICENSE", "NOTICE.txt", "config.json"))
    unstated = card_of(mixtral(licence="unknown"), make_manifest("config.json"))

    assert "beside this card: `LICENSE` and `NOTICE.txt`." in stated
    assert "does not state its licence. Find it out" in unstated
    assert "without a licence or notice file" in unstated


@pytest.mark.parametrize(
    "name",
    [
        "a: b # c",
        "x\n---\nevil: true\n---\n",
        "`rm -rf` | [a](http://evil.example) <script>",
        "*** 'single' \"double\" \\",
        "!!python/object:os.system",
        "caf\u00e9 \u2028 \x07 {curly} [square]",
    ],
)
def test_hostile_names_stay_text(name: str, mixtral: Mixtral, measured: EvalResult) -> None:
    """No name ends the front matter, adds a key, breaks a table or becomes markup."""
    made = mixtral(source=name, licence=name, calibration_source=name, backend=name)
    layers = (LayerAudit(name=name, parameters=1, treatment="16 bit", reason=name),)
    card = model_card(made, make_manifest("LICENSE"), layers, measured)
    front = card.split("\n---\n", 1)[0].removeprefix("---\n")
    data = yaml.safe_load(front)
    tables = re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)

    assert set(data) == {
        *("base_model", "base_model_relation", "license", "license_name", "license_link"),
        *("library_name", "pipeline_tag", "tags"),
    }
    assert data["license_name"].split() == [word for word in name.replace("\x07", "").split() if word]
    assert ModelCard(card).data.to_dict() == data
    assert len(tables) == 4
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table
    body = re.sub(r"`[^`\n]*`", "", card.split("\n---\n", 1)[1])
    assert re.search(r"(?<!\\)<script|(?<!\\)\]\(", body) is None


def test_method_states_how_it_was_made(mixtral: Mixtral, card_of: Callable[..., str]) -> None:
    """Backend with versions, groups, format, and the calibration with its seed."""
    facts = dict(line.strip("| ").split(" | ", 1) for line in table_after(card_of(), "## Quantization")[2:])
    whole_rows = card_of(mixtral(group_size=-1, zero_point=False))

    assert facts["Backend"] == "llm-compressor"
    assert facts["Versions"] == "awqctl 0.1.0, llmcompressor 0.12.0.2"
    assert facts["Bits and groups"] == "4 bit, groups of 64, with zero points"
    assert facts["Format"] == "`pack-quantized`"
    assert facts["Calibration"] == "chats.jsonl (75 %), wiki.txt (25 %): 128 blocks of 512 tokens, seed 17"
    assert "4 bit, one group per row, symmetric" in whole_rows


def test_what_stayed_in_16_bit_is_said_with_the_reason(card_of: Callable[..., str]) -> None:
    """Shares are not rounded up; layers are named per reason, the first few of many."""
    card = card_of()

    assert "does not ignore 99.9 % are 4 bit, and 50.0 % were scaled by AWQ" in card
    assert "| `block_sparse_moe.gate` | 6 | 0 | 0 | 6 |" in card
    assert "- `lm_head`: ignored by the recipe\n" in card
    routers = ", ".join(f"`model.layers.{place}.gate`" for place in range(4))
    assert f"- {routers} and 2 more: router\n" in card
    assert "- embeddings, norms and biases," in card


def test_accuracy_is_measured_or_said_not_to_be(card_of: Callable[..., str], measured: EvalResult) -> None:
    """Before eval the card says so; afterwards each task has items, recovery, loss, interval, margin and verdict."""
    before, after = card_of(), card_of(accuracy=measured)
    passed, failed, undecided = (line.strip("| ").split(" | ") for line in table_after(after, "## Accuracy")[2:])
    baseline = f"0.8000 {PLUS_MINUS} 0.0112"

    assert "Not measured yet. `awqctl eval` measures it" in before
    assert table_after(before, "## Accuracy") == []
    assert passed == [
        *("arc\\_easy", "acc", "500 of 1,000", baseline, f"0.7980 {PLUS_MINUS} 0.0113", "99.75 %"),
        *("+0.0020", f"{MINUS}0.0058 to +0.0098", "0.0100", "passed"),
    ]
    assert failed[2] == "500 of 1,000 in 12 groups"
    assert failed[5:] == ["93.75 %", "+0.0500", "+0.0422 to +0.0578", "0.0100", "**failed**"]
    assert undecided[-2:] == ["0.0100 (98.75 % recovery)", "**inconclusive**"]
    assert "Inconclusive: the items measured do not decide it." in after
    assert "Not measured yet" not in after


def test_card_of_awq_that_was_not_scored_says_so(stopped: EvalResult, card_of: Callable[..., str]) -> None:
    """Where the alarm stopped the evaluation there is no table, but a sentence."""
    card = card_of(accuracy=stopped)

    assert "The alarm was raised for AWQ: its token probabilities diverge by 1.9 nats" in card
    assert "AWQ was not scored on the tasks." in card
    assert table_after(card, "## Accuracy") == []


def test_control_is_in_the_card(
    make_task: Callable[..., TaskScore],
    make_accuracy: Callable[..., EvalResult],
    make_contrast: Callable[..., Contrast],
    card_of: Callable[..., str],
) -> None:
    """What AWQ bought over plain rounding has a table of its own."""
    rows = [make_task("arc_easy", 0.8, value, 0.01, arm=arm) for arm, value in (("awq", 0.795), ("rtn", 0.785))]
    contrast = make_contrast("arc_easy", 0.01, 0.003)
    card = card_of(accuracy=make_accuracy(*rows, contrasts=(contrast,)))
    row = f"| arc\\_easy | acc | 0.7850 {PLUS_MINUS} 0.0113 | +0.0100 {PLUS_MINUS} 0.0030 |"

    assert row in card.split("as a control:", 1)[1]
    assert "as a control" not in card_of(accuracy=make_accuracy(rows[0]))


def test_commands_load_and_verify_without_a_quantization_flag(card_of: Callable[..., str]) -> None:
    """The two commands of the card, word for word."""
    card = card_of()

    assert re.findall(r"```sh\n(.*?)\n```", card, re.DOTALL) == [
        "python -m vllm.entrypoints.openai.api_server --model PATH_OF_THIS_FOLDER",
        "awqctl verify PATH_OF_THIS_FOLDER",
    ]
    assert f"`{'6f' * 32}`" in card


@pytest.fixture
def quantized_run(
    tmp_path: Path,
    mixtral: Mixtral,
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> tuple[RunContext, RunRecord]:
    """Return a run that quantized: checkpoint with card and manifest, notes beside it, and its record."""
    out = tmp_path / "out"
    checkpoint, notes = out / "checkpoint", out / "quantize"
    checkpoint.mkdir(parents=True)
    notes.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    manifest = make_manifest()
    (checkpoint / CARD).write_text(model_card(mixtral(), manifest, make_layers()))
    write_manifest(manifest.model_copy(update={"files": sum_files(checkpoint)}), checkpoint)
    (notes / "coverage.json").write_text(json.dumps([layer.model_dump() for layer in make_layers()]))
    record = make_record(make_recipe(), quantize=make_stage("quantize", mixtral()))
    context = RunContext(
        out=out, home=tmp_path / "home", recipe_dir=tmp_path, accelerator="cpu", reporter=RecordingReporter()
    )
    return context, record


def test_card_is_renewed_after_eval(measured: EvalResult, quantized_run: tuple[RunContext, RunRecord]) -> None:
    """The accuracy comes into the card; weights stay the same file, the digest the same, the manifest holds."""
    context, record = quantized_run
    checkpoint = context.out / "checkpoint"
    inode, digest = (checkpoint / "model.safetensors").stat().st_ino, read_manifest(checkpoint).digest()
    assert "Not measured yet" in (checkpoint / CARD).read_text()

    refresh_card(context, record, measured)

    assert "| **failed** |" in (checkpoint / CARD).read_text()
    assert (checkpoint / "model.safetensors").stat().st_ino == inode
    assert read_manifest(checkpoint).digest() == digest
    assert differences(checkpoint) == []
    assert isinstance(context.reporter, RecordingReporter)
    assert context.reporter.warnings == []


def test_card_that_cannot_be_renewed_is_a_warning(
    measured: EvalResult, quantized_run: tuple[RunContext, RunRecord]
) -> None:
    """Without the audit's rows the card stays as it was, and the evaluation is not lost for it."""
    context, record = quantized_run
    (context.out / "quantize" / "coverage.json").unlink()
    before = (context.out / "checkpoint" / CARD).read_text()

    refresh_card(context, record, measured)

    assert isinstance(context.reporter, RecordingReporter)
    assert len(context.reporter.warnings) == 1
    assert "could not be written into" in context.reporter.warnings[0]
    assert (context.out / "checkpoint" / CARD).read_text() == before
