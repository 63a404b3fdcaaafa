"""Settings that two evaluations state under other names, or that their prompts show to make no difference."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.samples.comparison import compare_samples
from eval.samples.result import CompareResult, Request
from pipeline.base.errors import VoidMeasurementError

Write = Callable[..., Path]
ITEMS = [1.0, 0.0] * 30


def compared(tmp_path: Path, write: Write, *stated: dict[str, Any]) -> CompareResult:
    """Return two sides that differ in what their results state beside the scores."""
    folders = [write(tmp_path / name, {"t": ITEMS}, **more) for name, more in zip("xy", stated, strict=True)]
    return compare_samples(folders[0], folders[1], Request())


@pytest.mark.parametrize("name", ["max_model_len", "context_length", "max_length", "max_seq_len"])
@pytest.mark.parametrize("form", [str, dict])
def test_lengths_are_read_under_every_name(tmp_path: Path, write_evaluation: Write, name: str, form: type) -> None:
    """Another length is refused with both, the same one under another name is not."""

    def given(argument: str, length: int) -> dict[str, Any]:
        arguments = {"pretrained": "m", argument: length}
        text = ",".join(f"{key}={value}" for key, value in arguments.items())
        return {"config": {"model_args": text if form is str else arguments}}

    same = compared(tmp_path, write_evaluation, given(name, 4096), given("max_length", 4096))
    assert same.complete
    with pytest.raises(VoidMeasurementError, match=r'longest sequence asked for: "512" and "4096"'):
        compared(tmp_path, write_evaluation, given(name, 512), given("max_length", 4096))


def test_lengths_that_one_side_states_and_the_other_asked_for(tmp_path: Path, write_evaluation: Write) -> None:
    """lm-eval states the length of some models and of others not."""
    stated = {"config": {"model_args": "pretrained=m"}, "max_length": 4096}
    asked = {"config": {"model_args": "pretrained=m,max_model_len=4096"}, "max_length": None}
    assert compared(tmp_path, write_evaluation, stated, asked).complete
    with pytest.raises(VoidMeasurementError, match='asked for: "None" and "4096"'):
        compared(tmp_path, write_evaluation, stated | {"max_length": 2048}, asked)


def test_longest_answers_are_read_under_every_name(tmp_path: Path, write_evaluation: Write) -> None:
    """In the task's settings, in those of the command, and in the model's arguments."""

    def task(**settings: Any) -> dict[str, Any]:
        return {"config": {"gen_kwargs": None}, "configs": {"t": {"generation_kwargs": settings}}}

    assert compared(tmp_path, write_evaluation, task(max_gen_toks=9), task(max_new_tokens=9)).complete
    with pytest.raises(VoidMeasurementError, match="generation settings"):
        compared(tmp_path, write_evaluation, task(max_gen_toks=9), task(max_new_tokens=8))
    asked = [{**task(), "config": {"gen_kwargs": given}} for given in ("max_gen_toks=9,do_sample=True", None)]
    asked[1]["config"]["gen_kwargs"] = {"do_sample": True, "max_tokens": 9}
    assert compared(tmp_path, write_evaluation, *asked).complete
    arguments = [{"config": {"model_args": f"pretrained=m,max_gen_toks={count}"}} for count in (256, 2048)]
    with pytest.raises(VoidMeasurementError, match=r'longest answer asked for: "256" and "2048"'):
        compared(tmp_path, write_evaluation, *arguments)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("chat_template_sha", "chat template"),
        ("system_instruction_sha", "system prompt"),
        ("fewshot_as_multiturn", "few-shot examples as turns"),
    ],
)
def test_equal_prompts_make_other_templates_a_remark(
    tmp_path: Path, write_evaluation: Write, setting: str, name: str
) -> None:
    """The text that was sent is the same, to the letter."""
    found = compared(tmp_path, write_evaluation, {setting: "a"}, {setting: "b"})
    assert any(f"Another {name} on both sides" in note and "the prompts are the same" in note for note in found.notes)
    assert found.complete


@pytest.mark.parametrize(
    "prompt",
    [['[{"role": "user", "content": "Hello"}]'], [{"role": "user", "content": "Hello"}], None],
    ids=["text", "objects", "not there"],
)
@pytest.mark.parametrize("setting", ["chat_template_sha", "system_instruction_sha"])
def test_templates_that_the_server_fills_in_are_refused(
    tmp_path: Path, sample: Any, write_run: Write, setting: str, prompt: Any
) -> None:
    """Messages are the same whatever is made of them; neither do hashes alone show what was sent."""
    asked = {"gen_args_0": {"arg_0": prompt, "arg_1": {}}} if prompt else {}
    rows = [sample(number, {"acc": 1.0}, arguments=asked) for number in range(3)]
    folders = [
        write_run(tmp_path / name, {"t": rows}, results={"results": {"t": {"acc,none": 1.0}}, setting: name})
        for name in "xy"
    ]
    with pytest.raises(VoidMeasurementError, match="was scored with another"):
        compare_samples(folders[0], folders[1], Request())


@pytest.mark.parametrize(("metric", "blamed"), [("mae", False), ("acc", False), ("word_perplexity", True)])
def test_weights_are_blamed_for_likelihoods_alone(
    tmp_path: Path, sample: Any, write_run: Write, metric: str, *, blamed: bool
) -> None:
    """Any other metric may be infinite for an answer that it cannot read."""
    value = [float("-inf"), 3] if blamed else float("inf")
    path = write_run(tmp_path, {"t": [sample(0, {metric: value})]})
    with pytest.raises(VoidMeasurementError, match="not a finite number") as caught:
        compare_samples(path, path, Request(higher_is_better=None if metric != "mae" else False))
    assert ("weights are broken" in str(caught.value)) is blamed
