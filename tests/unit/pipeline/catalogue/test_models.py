"""The catalogue of models, and the MODEL of `awqctl plan`."""

import json
from pathlib import Path

import pytest

from pipeline.base.errors import SourceError, UsageError
from pipeline.catalogue.files import own
from pipeline.catalogue.models import catalogued, licences, models
from pipeline.catalogue.reference import planned_model
from pipeline.models.files import packaged_model
from pipeline.models.tensors import parameters as held
from pipeline.plan.matrices import parameters

FAMILIES = (
    "Llama-2",
    "Mistral-7B",
    "Mixtral",
    "CodeLlama",
    "vicuna",
    "WizardLM",
    "Orca",
    "Qwen2.5",
    "Qwen3-",
    "405B",
    "gemma-2",
    "gemma-3",
    "Phi-3",
    "phi-4",
    "DeepSeek-V3",
    "gpt-oss",
    "Kimi-K2",
)


@pytest.mark.parametrize("family", FAMILIES)
def test_promised_families_are_there(family: str) -> None:
    """Each with a licence."""
    found = [entry for name, entry in models().items() if family in name]
    assert found
    assert all(entry.licence != "unknown" for entry in found)


def test_every_licence_is_described() -> None:
    """Whether it allows commercial use, what it asks, and where that stands."""
    for entry in models().values():
        licence = licences()[entry.licence]
        assert licence.commercial in {"yes", "limited", "no"}
        assert licence.facts
        assert bool(licence.source.seen) != licence.source.recalled
    assert licences()["apache-2.0"].commercial == "yes"
    assert licences()["qwen-research"].commercial == "no"


@pytest.mark.parametrize(
    ("reference", "licence"),
    [
        ("deepseek-ai/DeepSeek-R1", "mit"),
        ("deepseek-ai/DeepSeek-V3", "deepseek (code MIT)"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama3.3"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "mit"),
    ],
)
def test_models_of_one_shape_have_their_own_licence(reference: str, licence: str) -> None:
    """The shape is another model's, the licence is not."""
    assert planned_model(reference).licence == licence


@pytest.mark.parametrize(
    ("reference", "name", "quantization"),
    [
        ("Qwen3-14B", "Qwen/Qwen3-14B", None),
        ("qwen/qwen3-14b-awq", "Qwen/Qwen3-14B", "awq"),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "Qwen/Qwen2.5-7B-Instruct", "gptq"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct-AWQ", "Qwen/Qwen2.5-7B-Instruct", "awq"),
        ("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "meta-llama/Llama-3.3-70B", "fp8"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B", None),
        ("NousResearch/Llama-2-7b-hf", "meta-llama/Llama-2-7b-hf", None),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507-FP8", "Qwen/Qwen3-30B-A3B-Instruct-2507", "fp8"),
    ],
)
def test_names_of_the_same_shape(reference: str, name: str, quantization: str | None) -> None:
    """Instruct models, copies and quantized checkpoints of a catalogued shape."""
    found = catalogued(reference)
    assert found is not None
    assert (found[0].name, found[1]) == (name, quantization)


@pytest.mark.parametrize(
    ("reference", "tokens"),
    [
        ("Qwen/Qwen2.5-7B", 131_072),
        ("Qwen/Qwen2.5-7B-Instruct-AWQ", 32_768),
        ("Qwen/Qwen2.5-Math-7B-Instruct", 4096),
        ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", 131_072),
        ("MiniMaxAI/MiniMax-M2.7", 204_800),
    ],
)
def test_models_of_one_shape_have_their_own_context(reference: str, tokens: int) -> None:
    """What their own configuration says, which is what vLLM takes when nobody says how long."""
    assert planned_model(reference).architecture.max_position == tokens


def test_every_shipped_configuration_says_whether_it_was_seen() -> None:
    """Each names a source that is seen on a day, or recalled."""
    sources = [entry.source for entry in models().values()]
    assert all(source and bool(source.seen) != source.recalled for source in sources)


@pytest.mark.parametrize("reference", ["nobody/knows-this", "Qwen/Qwen3-15B", "Qwen/Qwen9-AWQ"])
def test_others_are_not_guessed(reference: str) -> None:
    """A name that is nearly one of the catalogue is none of it."""
    assert catalogued(reference) is None


def test_a_folder_and_a_file(tmp_path: Path) -> None:
    """The demo model: its configuration says what its files hold; a configuration alone is enough."""
    model = planned_model(str(packaged_model()))
    assert parameters(model.architecture) == held(packaged_model())
    assert model.notes == ()
    alone = tmp_path / "config.json"
    alone.write_text((packaged_model() / "config.json").read_text())
    assert planned_model(str(alone)).architecture == model.architecture
    assert planned_model(str(tmp_path)).architecture == model.architecture


def test_a_configuration_that_its_files_contradict_is_noted(tmp_path: Path) -> None:
    """More parameters than the configuration says."""
    for path in packaged_model().iterdir():
        (tmp_path / path.name).symlink_to(path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 1}))
    assert "The files hold" in planned_model(str(tmp_path)).notes[0]


def test_a_type_that_was_never_compared_is_said_to_be(tmp_path: Path) -> None:
    """It is planned by the same keys, with a note; the types of the catalogue have none."""
    config = json.loads((packaged_model() / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "novel"}))
    assert "novel" in planned_model(str(tmp_path)).notes[0]
    assert all(planned_model(name).notes == () for name in models())


@pytest.mark.parametrize(
    "entry",
    [
        *("{like: mine}", "{like: nobody}", "{config: 3}", "{also: 3}", "{also: abc}", "{like: [a]}"),
        *("{parameters: x}", "{parameters: .inf}", "{parameters: -5}", "{parameters: true}"),
    ],
)
def test_an_entry_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    """The user's file may name itself, or nobody, or hold something else."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path))
    own("models.yaml").parent.mkdir(parents=True)
    own("models.yaml").write_text(f"models: {{mine: {entry}}}")
    models.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"models\.yaml: mine has a value that cannot be read"):
            models()
    finally:
        models.cache_clear()


@pytest.mark.parametrize(("group", "told"), [(128, False), (32, True), (-1, True)])
def test_groups_that_plans_do_not_take_are_told(tmp_path: Path, group: int, told: bool) -> None:  # noqa: FBT001
    """Scales of groups of 32 are a tenth of the weights."""
    settings = {"quant_method": "awq", "bits": 4, "group_size": group, "zero_point": True}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**models()["Qwen/Qwen3-8B"].config, "quantization_config": settings}))
    assert any("bits per weight" in note for note in planned_model(str(path)).notes) is told


def test_weights_are_not_read_as_a_configuration(tmp_path: Path) -> None:
    """A checkpoint's own file, named in place of its folder, is refused by its size."""
    path = tmp_path / "model.safetensors"
    with path.open("wb") as stream:
        stream.truncate(10**12)
    with pytest.raises(SourceError, match="larger than 10 MB"):
        planned_model(str(path))


@pytest.mark.parametrize("text", ["{", "[]"])
def test_what_is_no_configuration(tmp_path: Path, text: str) -> None:
    """Broken JSON, or JSON that is something else."""
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"config\.json"):
        planned_model(str(path))
    with pytest.raises(SourceError, match="no file, folder or catalogued model"):
        planned_model("no-such-model")
