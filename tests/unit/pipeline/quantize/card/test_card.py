"""The model card in the checkpoint: front matter that the hub reads, and what it says of the weights."""

import re

import pytest
from huggingface_hub import ModelCard

from pipeline.models.manifest import Manifest
from pipeline.quantize.card.card import model_card
from pipeline.quantize.result import QuantizeResult
from tests.unit.pipeline.quantize.card.cards import make_layers, make_manifest, mixtral, table_after


def card_of(made: QuantizeResult | None = None, manifest: Manifest | None = None) -> str:
    """Return a card, of a hub model by default."""
    return model_card(made or mixtral(), manifest or make_manifest("LICENSE"), make_layers())


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
def test_licence_is_one_the_hub_knows_or_other(licence: str, files: tuple[str, ...], expected: dict[str, str]) -> None:
    """What the hub does not know is `other`, with its name and the file beside the card."""
    data = ModelCard(card_of(mixtral(licence=licence), make_manifest(*files))).data.to_dict()

    assert {key: value for key, value in data.items() if key.startswith("license")} == expected


def test_licence_and_notices_of_the_source_are_named() -> None:
    """The files that were taken over stand in the text; an unstated licence is a warning."""
    stated = card_of(manifest=make_manifest("LICENSE", "NOTICE.txt", "config.json"))
    unstated = card_of(mixtral(licence="unknown"), make_manifest("config.json"))

    assert "beside this card: `LICENSE` and `NOTICE.txt`." in stated
    assert "does not state its licence. Find it out" in unstated
    assert "without a licence or notice file" in unstated


def test_method_states_how_it_was_made() -> None:
    """Backend with versions, groups, format, and the calibration with its seed."""
    facts = dict(line.strip("| ").split(" | ", 1) for line in table_after(card_of(), "## Quantization")[2:])
    whole_rows = card_of(mixtral(group_size=-1, zero_point=False))

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


def test_commands_load_and_verify_without_a_quantization_flag() -> None:
    """The two commands of the card, word for word."""
    card = card_of()

    assert re.findall(r"```sh\n(.*?)\n```", card, re.DOTALL) == [
        "python -m vllm.entrypoints.openai.api_server --model PATH_OF_THIS_FOLDER",
        "awqctl verify PATH_OF_THIS_FOLDER",
    ]
    assert f"`{'6f' * 32}`" in card


def test_accuracy_is_not_quantize_s_to_know() -> None:
    """The card in the checkpoint says so, and where the figures will be."""
    card = card_of()

    assert "Not measured when these weights were made. `awqctl eval` measures it" in card
    assert table_after(card, "## Accuracy") == []
