"""Pre-flight on checkpoints of headers alone: what is refused, what is warned of, and what `--dry-run` prints."""

import json
import struct
from math import prod
from pathlib import Path

import pytest

from pipeline.base.errors import ImpossiblePlanError
from pipeline.models import SourceModel, is_quantized
from pipeline.models.expected import LAYER_TENSORS
from pipeline.models.headers import headers_of
from pipeline.quantize.checks import Check
from pipeline.quantize.model_config import without_generation
from pipeline.quantize.preflight import Preflight, check_blocks, checked_plan, preflight
from pipeline.quantize.resources import Resources, resources_of
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from tests.helpers import RecordingReporter, invoke

GIB = 2**30
MACHINE = Resources(
    accelerator="cpu",
    cores=2,
    memory_bytes=16 * GIB,
    memory_available_bytes=12 * GIB,
    gpu_memory_bytes=None,
    disk_free_bytes=100 * GIB,
)


def checkpoint(folder: Path, inner: int = 512, hidden: int = 256, **config: object) -> SourceModel:
    """Write a Llama of two layers whose weights are a hole in the file; return it as a source."""
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens": (1000, hidden), "model.norm": (hidden,)}
    for number in (0, 1):
        mlp = {"gate_proj": (inner, hidden), "up_proj": (inner, hidden), "down_proj": (hidden, inner)}
        shapes |= {f"model.layers.{number}.self_attn.{name}_proj": (hidden, hidden) for name in "qkvo"}
        shapes |= {f"model.layers.{number}.mlp.{name}": shape for name, shape in mlp.items()}
        shapes |= {f"model.layers.{number}.{name}_layernorm": (hidden,) for name in ("input", "post_attention")}
        others = (f"model.layers.{number}.{rest}" for rest in LAYER_TENSORS.get(str(config.get("model_type")), ()))
        shapes |= {name: (hidden,) for rest in others if (name := rest.removesuffix(".weight")) not in shapes}
    safetensors(folder / "model.safetensors", shapes)
    document = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": hidden, "vocab_size": 1000}
    (folder / "config.json").write_text(json.dumps({"tie_word_embeddings": True, **document, **config}))
    (folder / "tokenizer.json").write_text("{}")
    return SourceModel(folder, "mine", None, "mit")


def safetensors(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Write a safetensors file of BF16 weights without their bytes."""
    header, offset = {}, 0
    for name, shape in shapes.items():
        end = offset + 2 * prod(shape)
        header[f"{name}.weight"] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        stream.truncate(8 + len(text) + offset)


def plan(source: SourceModel, machine: Resources = MACHINE, dtype: str = "bfloat16", **keys: object) -> Preflight:
    """Return the plan for a source."""
    calibration = {"source": "x", "blocks": 16, "block_tokens": 512}
    recipe = Recipe.model_validate(
        {
            "name": "mine",
            "model": {"source": "mine"},
            "quantize": {"calibration": calibration, **keys},
            "engine": {"dtype": dtype},
        }
    )
    return preflight(headers_of(source), recipe, machine)


def check(found: Preflight, name: str) -> Check:
    """Return the first check of a name that is not ok, or the first."""
    named = [each for each in found.checks if each.name == name]
    return next((each for each in named if each.status != "ok"), named[0])


def test_a_plan_that_works(tmp_path: Path) -> None:
    """Facts, backend and a prediction, nothing to complain about."""
    found = plan(checkpoint(tmp_path))
    linear = 2 * (4 * 256 * 256 + 3 * 256 * 512)
    facts = found.model
    assert (facts.parameters, facts.linear_parameters) == (linear + 1000 * 256 + 5 * 256, linear)
    assert (facts.decoder_layers, facts.tied_embeddings, facts.experts) == (2, True, 0)
    assert (found.backend, {each.status for each in found.checks}) == ("autoawq", {"ok"})
    assert found.prediction is not None
    found.require_possible()


def test_widths_of_704_name_what_would_work(tmp_path: Path) -> None:
    """Every width is looked at, not only those in config.json; the message is the one the stage fails with."""
    found = plan(checkpoint(tmp_path, inner=704))
    with pytest.raises(ImpossiblePlanError, match=r"2 mlp.down_proj with 704.*group_size to 64 or 32") as caught:
        found.require_possible()
    assert (caught.value.exit_code, found.prediction) == (4, None)


def test_all_impossible_checks_are_told_at_once(tmp_path: Path) -> None:
    """A user corrects them in one go."""
    found = plan(checkpoint(tmp_path, inner=704), backend="autoawq", zero_point=False)
    with pytest.raises(ImpossiblePlanError) as caught:
        found.require_possible()
    assert [each.name for each in found.of_status("impossible")] == ["backend", "group size"]
    assert len(caught.value.message.splitlines()) == 2


def test_patterns_that_match_nothing(tmp_path: Path) -> None:
    """A mistyped pattern is a warning; `lm_head` of a tied model is not."""
    found = plan(checkpoint(tmp_path), ignore=("lm_head", "*.down_porj"))
    assert check(found, "ignore").status == "warning"
    assert "No linear layer matches *.down_porj of quantize.ignore." in check(found, "ignore").statement


def test_nothing_left_to_quantize(tmp_path: Path) -> None:
    """A pattern for everything is a plan for nothing."""
    assert check(plan(checkpoint(tmp_path), ignore=("*",)), "ignore").status == "impossible"


def test_tied_embeddings_are_explained(tmp_path: Path) -> None:
    """Of 1.56 million parameters 0.26 million are the embedding, and stay."""
    statement = check(plan(checkpoint(tmp_path)), "16 bit").statement
    expected = "The output head is the embedding, which is no linear layer: 16% of all parameters stay in 16 bit."
    assert statement == expected


def test_no_flag_and_no_head_is_tied(tmp_path: Path) -> None:
    """transformers 4 leaves the flag out of config.json where it is the default of the model type."""
    source = checkpoint(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["tie_word_embeddings"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert headers_of(source).tied


@pytest.mark.parametrize(("experts", "status"), [(8, "ok"), (64, "warning")])
def test_experts_against_calibration(tmp_path: Path, experts: int, status: str) -> None:
    """16 blocks, 2 of 8 or 64 experts per token: 2048 or 256 tokens each; one block has 512."""
    model_type = {"model_type": "mixtral", "num_local_experts": experts, "num_experts_per_tok": 2}
    found = check(plan(checkpoint(tmp_path, **model_type)), "experts")
    assert (found.status, f"about {16 * 512 * 2 // experts} calibration tokens" in found.statement) == (status, True)
    assert found.advice == ("" if status == "ok" else "Set quantize.calibration.blocks to 32 or more.")


def test_memory_that_the_machine_lacks(tmp_path: Path) -> None:
    """More than there is: impossible. More than is free now: a warning."""
    source = checkpoint(tmp_path)
    needed = plan(source).prediction.memory_bytes  # type: ignore[union-attr]
    small = MACHINE.model_copy(update={"memory_bytes": needed - 1})
    busy = MACHINE.model_copy(update={"memory_available_bytes": needed - 1})
    assert check(plan(source, small), "memory").status == "impossible"
    assert check(plan(source, busy), "memory").status == "warning"


def test_disk_that_the_machine_lacks(tmp_path: Path) -> None:
    """The advice is the option that moves the output."""
    found = check(plan(checkpoint(tmp_path), MACHINE.model_copy(update={"disk_free_bytes": 1000})), "disk")
    assert (found.status, "--out" in found.advice) == ("impossible", True)


def test_gpu_memory_that_the_machine_lacks(tmp_path: Path) -> None:
    """On a GPU its memory counts, and the time is not predicted."""
    gpu = MACHINE.model_copy(update={"accelerator": "cuda", "gpu_memory_bytes": GIB})
    found = plan(checkpoint(tmp_path), gpu)
    assert check(found, "GPU memory").status == "impossible"
    assert check(found, "time").statement == "Not predicted: not measured on a GPU yet."


def test_time_is_modelled_on_the_cpu(tmp_path: Path) -> None:
    """From the work and the measured cost; 36 seconds are a minute begun."""
    assert check(plan(checkpoint(tmp_path)), "time").statement == "About 1 min (modelled; other CPUs differ)."


def test_unknown_licence(tmp_path: Path) -> None:
    """A licence that nobody wrote down is a warning."""
    source = checkpoint(tmp_path)
    unknown = SourceModel(source.path, "mine", None, "unknown")
    assert (check(plan(source), "licence").status, check(plan(unknown), "licence").status) == ("ok", "warning")


def test_float16_that_vllm_will_refuse(tmp_path: Path) -> None:
    """Gemma 2 would be quantized and then not load."""
    source = checkpoint(tmp_path, model_type="gemma2")
    assert check(plan(source, dtype="float16"), "vLLM").status == "warning"
    assert not [each for each in plan(source).checks if each.name == "vLLM"]


def test_widths_that_the_cpu_kernel_refuses(tmp_path: Path) -> None:
    """Rows of 264 as one group: a checkpoint for GPUs only."""
    source = checkpoint(tmp_path, inner=264)
    found = plan(source, group_size="channel")
    assert (found.backend, check(found, "vLLM").status) == ("llm-compressor", "warning")
    gpu = MACHINE.model_copy(update={"accelerator": "cuda"})
    assert not [each for each in plan(source, gpu, group_size="channel").checks if each.name == "vLLM"]


def test_experts_in_one_tensor(tmp_path: Path) -> None:
    """Such a source is refused for AutoAWQ, which cannot read it."""
    source = checkpoint(tmp_path, model_type="mixtral", num_local_experts=8, num_experts_per_tok=2)
    safetensors(tmp_path / "model.safetensors", {"model.layers.0.mlp.experts.up_proj": (8, 256, 256)})
    assert "AutoAWQ's transformers 4 cannot read experts" in check(plan(source), "backend").statement


def test_settings_for_generation(tmp_path: Path) -> None:
    """Contradictory ones are taken as they are; what no library reads is refused with its key."""
    source = checkpoint(tmp_path)
    file = tmp_path / "generation_config.json"
    file.write_text(
        '{"do_sample": false, "temperature": 0.9, "num_beams": 4, "num_beam_groups": 2, "pad_token_id": -1}'
    )
    assert plan(source).of_status("impossible") == ()
    file.write_text('{"early_stopping": "perhaps"}')
    assert "early_stopping" in check(plan(source), "generation").statement
    file.write_text('{"max_new_tokens": "many"}')
    assert "at max_new_tokens" in check(plan(source), "generation").statement


@pytest.mark.parametrize(
    ("key", "value"),
    [("temperature", "hot"), ("temperature", 3), ("top_p", 0), ("top_k", 5.5), ("min_p", 7), ("repetition_penalty", 0)],
)
def test_settings_that_fail_every_request(tmp_path: Path, key: str, value: object) -> None:
    """VLLM takes them for its defaults and then refuses each request that does not say its own."""
    source = checkpoint(tmp_path)
    (tmp_path / "generation_config.json").write_text(json.dumps({key: value}))
    assert f"{key} {value!r}" in check(plan(source), "generation").statement


def test_a_known_type_under_other_names(tmp_path: Path) -> None:
    """A Llama whose layers are not below `model.layers` is not loaded from them."""
    source = checkpoint(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"model.layers', b'"mydel.layers'))
    assert check(plan(source), "tensors").status == "impossible"


def test_an_empty_quantization_is_none(tmp_path: Path) -> None:
    """Some tools write null for a model that is not quantized, and transformers 4.51 trips over it."""
    source = checkpoint(tmp_path, quantization_config=None)
    assert not is_quantized(source.path)
    assert "quantization_config" not in without_generation(source.config())


def test_llama_mapping_on_trust_is_a_warning(tmp_path: Path) -> None:
    """llm-compressor takes Llama's mapping for Granite without a word."""
    found = plan(checkpoint(tmp_path, model_type="granite", architectures=["GraniteForCausalLM"]))
    assert (found.backend, check(found, "backend").status) == ("llm-compressor", "warning")


def test_the_stage_hears_each_warning_once(tmp_path: Path) -> None:
    """Before calibration is read, and again with the number of blocks that there are."""
    model = headers_of(checkpoint(tmp_path, model_type="mixtral", num_local_experts=8, num_experts_per_tok=2))
    recipe = load_recipe("demo", ["quantize.ignore=[nothing]"]).recipe
    reporter = RecordingReporter()
    context = RunContext(tmp_path / "out", tmp_path, tmp_path, "cpu", reporter)
    plan = checked_plan(model, recipe, context)
    assert plan.require_possible().name == "autoawq"
    assert ["matches nothing" in text for text in reporter.warnings] == [True]
    for blocks in (recipe.quantize.calibration.blocks, 2):
        check_blocks(plan, model, recipe, blocks, reporter)
    assert ["less than one block" in text for text in reporter.warnings] == [False, True]


def test_this_machine_has_something(tmp_path: Path) -> None:
    """Figures of the machine the test runs on; the output folder need not be there."""
    context = RunContext(tmp_path / "not" / "yet", tmp_path, tmp_path, "cpu", RecordingReporter())
    machine = resources_of(context)
    assert 0 < machine.memory_available_bytes <= machine.memory_bytes
    assert (machine.disk_free_bytes > 0, machine.cores > 0, machine.gpu_memory_bytes) == (True, True, None)


def test_dry_run_of_an_impossible_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan on standard output; the error says what cannot work and what would, exit code 4."""
    (tmp_path / "m").mkdir()
    checkpoint(tmp_path / "m", inner=704)
    monkeypatch.chdir(tmp_path)
    answer = invoke("quantize", "demo", "--dry-run", "--set", f"model.source={tmp_path / 'm'}")
    assert isinstance(answer.exception, ImpossiblePlanError), answer.exception
    assert answer.exception.exit_code == 4
    assert "impossible" in answer.stdout
    assert "Set quantize.group_size to 64 or 32" in answer.exception.message
