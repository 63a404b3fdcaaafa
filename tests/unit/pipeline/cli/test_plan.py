"""`awqctl plan` and `awqctl gpus`: the contract's fields, exit codes, 80 columns, nothing heavy."""

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner

from pipeline.base.errors import UsageError
from pipeline.cli.main import cli

FIELDS = {
    "gpu",
    "quantization",
    "verdict",
    "reasons",
    "weights_gib",
    "activations_gib",
    "kv_cache_gib",
    "kv_cache_tokens",
    "kv_bytes_per_token",
    "max_concurrency",
    "needed_kv_cache_gib",
    "max_model_len_that_fits",
    "output_tokens_per_s",
    "bound_by",
    "nearest",
}


def run(*arguments: str) -> tuple[Any, str]:
    """Return what a command returned, and its output."""
    result = CliRunner().invoke(cli, arguments, standalone_mode=False, env={"COLUMNS": "80"})
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def test_json_is_the_contracts() -> None:
    """One configuration per combination, with all fields; 3 because one of them cannot run."""
    status, output = run(
        "plan",
        "Qwen/Qwen3-14B",
        "--gpu",
        "H100,RTX 4090",
        "--quantization",
        "awq,none,fp8",
        "--max-model-len",
        "8192",
        "--json",
    )
    document = json.loads(output)
    made = document["configurations"]
    assert [(each["gpu"], each["quantization"]) for each in made] == [
        (gpu, method) for gpu in ("H100 SXM", "RTX 4090") for method in ("awq", "none", "fp8")
    ]
    assert all(each.keys() >= FIELDS for each in made)
    verdicts = {(each["gpu"], each["quantization"]): each["verdict"] for each in made}
    assert verdicts["RTX 4090", "none"] == "impossible"
    assert verdicts["RTX 4090", "awq"] == "fits"
    assert status == 3
    assert made[0]["output_tokens_per_s"].keys() == {"low", "expected", "high"}


def test_what_fits_ends_with_0_and_a_name_says_the_quantization() -> None:
    """`-AWQ` in the name is planned as AWQ."""
    status, output = run("plan", "Qwen/Qwen3-14B-AWQ", "--gpu", "l40s", "--json")
    document = json.loads(output)
    assert status == 0
    assert document["configurations"][0]["quantization"] == "awq"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "Qwen/Qwen3-14B", "--gpu", "h100,a100-40,rtx-4090,l40s,b200", "--quantization", "awq,none"),
        ("plan", "openai/gpt-oss-120b", "--gpu", "gh200", "--gpus", "4", "--kv-cache-dtype", "auto,fp8"),
        ("plan", "google/gemma-3-27b-it", "--gpu", "m4-pro"),
        ("plan", "deepseek-ai/DeepSeek-V3", "--gpu", "h100,h200", "--gpus", "64", "--enable-expert-parallel"),
        ("plan", "ls"),
        ("gpus", "ls"),
        ("gpus", "ls", "--deck"),
        ("gpus",),
        ("gpus", "ls", "--sort", "compute-per-rent"),
        ("gpus", "show", "mi300x"),
    ],
    ids=" ".join,
)
def test_tables_fit_80_columns(arguments: tuple[str, ...]) -> None:
    """A person reads them on a narrow terminal."""
    _, output = run(*arguments)
    assert output
    assert max(map(len, output.splitlines())) <= 80


def test_an_impossible_plan_says_what_is_short_and_what_works() -> None:
    """The shortage in GiB, and alternatives with prices."""
    status, output = run(
        "plan",
        "Qwen/Qwen3-14B",
        "--gpu",
        "h100",
        "--quantization",
        "awq",
        "--max-model-len",
        "49152",
        "--max-num-seqs",
        "256",
    )
    text = " ".join(output.split())
    assert status == 3
    assert "1,920.00 GiB of KV cache" in text
    assert "What works instead, cheapest first" in text
    assert "8 sequences (" in text
    _, output = run("plan", "Qwen/Qwen3-32B", "--gpu", "l4")
    assert "* by a price older than 90 days" in output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("plan", "Qwen/Qwen3-14B"), "--gpu"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--quantization", "q4"), "no quantization"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--kv-cache-dtype", "int3"), "no KV cache dtype"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--vllm", "new"), "no version"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--vllm", "0.99.0"), "known are 0.5.0 to"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--gpus", "8", "--data-parallel-size", "3"), "contradicts"),
        (("plan", "Qwen/Qwen3-14B", "Qwen/Qwen3-8B", "--gpu", "h100"), "one too many"),
        (("gpus", "show", "voodoo"), "No GPU"),
        (("gpus", "show", "L44"), "Did you mean L4"),
        (("gpus", "show", "h10"), "several GPUs"),
        (("plan", "Qwen3-14", "--gpu", "h100"), "Did you mean Qwen3-14B"),
        (("plan", "dmo", "--gpu", "h100"), "Did you mean demo"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--quantization", "int4"), "Did you mean awq"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--gpu-memory-gib", "81920"), "Give GiB, not MiB"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--gpu-memory-gib", "nan"), "not a finite number"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--gpus", "2", "--tensor-parallel-size", "4"), "contradicts"),
        (("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--html", "no/such/folder/plan.html"), "Make the folder"),
        (("plan", "ls", "Qwen"), "takes no argument"),
        (("plan", "ls", "--gpu", "h100"), "takes no options"),
        (("plan", "pack", "file.yaml", "--gpu", "h100"), "takes everything from its FILE"),
        (("plan", "tests", "--gpu", "h100"), "has no config.json"),
    ],
)
def test_wrong_usage_says_what_to_give(arguments: tuple[str, ...], says: str) -> None:
    """A sentence, not a traceback."""
    with pytest.raises(Exception, match=says):
        run(*arguments)


def test_json_of_the_catalogue() -> None:
    """Lists and one entry, with sources."""
    rows = json.loads(run("gpus", "ls", "--json")[1])
    assert {"key", "list_usd", "usd_per_hour", "price_stale"} <= rows[0].keys()
    assert json.loads(run("gpus", "ls", "--deck", "--json")[1])[0]["wrong"]
    entry = json.loads(run("gpus", "show", "rtx-4090", "--json")[1])
    assert entry["figures"]["bandwidth_gb_s"]["source"]["date"]
    assert entry["figures"]["memory_gb"]["source"]["seen"] == "2026-11-29"
    assert json.loads(run("plan", "ls", "--json")[1])[0]["licence"]


def test_gpus_by_itself_lists_them() -> None:
    """As the contract writes it: `awqctl gpus [ls, show, refresh]`."""
    assert run("gpus") == run("gpus", "ls")


@pytest.mark.parametrize(
    ("order", "title"),
    [("name", "/1000 $"), ("bandwidth-per-dollar", "GB/s"), ("compute-per-rent", "/$ h")],
)
def test_the_list_shows_what_it_is_sorted_by(order: str, title: str) -> None:
    """The column of what a dollar buys follows the order."""
    head = run("gpus", "ls", "--sort", order)[1].splitlines()[:2]
    assert title in " ".join(head)


def test_offload_is_for_what_does_not_fit() -> None:
    """70 B in 16 bit needs it on a GH200, the same in AWQ does not."""
    _, output = run(
        "plan",
        "meta-llama/Llama-3.3-70B-Instruct",
        "--gpu",
        "gh200",
        "--quantization",
        "none,awq",
        "--cpu-offload-gib",
        "60",
        "--max-model-len",
        "2048",
        "--concurrency",
        "1",
        "--json",
    )
    half, awq = json.loads(output)["configurations"]
    assert (half["cpu_offload_gib"], awq["cpu_offload_gib"]) == (60, 0)
    assert half["bound_by"] == "host link"
    assert awq["output_tokens_per_s"]["expected"] > half["output_tokens_per_s"]["expected"]
    _, text = run(
        "plan",
        "meta-llama/Llama-3.3-70B-Instruct",
        "--gpu",
        "gh200",
        "--cpu-offload-gib",
        "60",
        "--max-model-len",
        "2048",
    )
    assert "offloaded to the CPU" in text


def test_the_page_stands_alone(tmp_path: Path) -> None:
    """Valid XML charts for what runs and what does not, and nothing that is loaded from elsewhere."""
    path = tmp_path / "plan.html"
    run(
        "plan",
        "Qwen/Qwen3-14B",
        "--gpu",
        "h100,rtx-4090,m4-pro",
        "--quantization",
        "awq,none",
        "--html",
        str(path),
        "--json",
    )
    text = path.read_text()
    charts = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    for chart in charts:
        ET.fromstring(chart)  # noqa: S314 -- our own
    assert len(charts) == 6 + 1 + 3
    assert "polygon" in text
    assert not re.search(r"(src|href)=|https?://|<script|@import|url\(", text)
    assert 'name="viewport"' in text
    assert "prefers-color-scheme:dark" in text


def test_the_page_of_what_cannot_run(tmp_path: Path) -> None:
    """Without a point there is a sentence in place of the chart."""
    path = tmp_path / "plan.html"
    assert run("plan", "Qwen/Qwen3-32B", "--gpu", "rtx-2060", "--html", str(path))[0] == 3
    assert "Nothing runs as it was asked." in path.read_text()


def test_what_nobody_opened_is_said_to_be_recalled() -> None:
    """A figure seen in a text and one from memory, on a terminal and in JSON; a model's configuration likewise."""
    shown = re.sub(r"\s+", " ", run("gpus", "show", "rtx-4080")[1])
    (seen,) = re.findall(r"bandwidth_gb_s: 717 \[(\d+)\] ", shown)
    (recalled,) = re.findall(r"tflops fp16: 97\.5 \[(\d+)\], recalled", shown)
    assert re.search(rf"\[{seen}\] [^]]*, seen 2026-11-29 https://", shown)
    assert re.search(rf"\[{recalled}\] [^]]*, recalled, not opened https://", shown)
    rates = json.loads(run("gpus", "show", "rtx-4080", "--json")[1])["tflops_dense"]
    assert [rates[name]["source"]["recalled"] for name in ("fp16", "int8")] == [True, False]
    models = {row["name"]: row["source"] for row in json.loads(run("plan", "ls", "--json")[1])}
    assert models["01-ai/Yi-34B"]["recalled"]
    assert models["Qwen/Qwen3-8B"]["seen"] == "2026-11-29"
    assert "*apache-2.0" in run("plan", "ls")[1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--decode-context-parallel-size", "8"), "does not divide a tensor-parallel size of 1"),
        (("--tensor-parallel-size", "4", "--decode-context-parallel-size", "2"), "the model has 8 KV heads"),
        (("--max-num-batched-tokens", "8", "--max-num-seqs", "16"), "below max_num_seqs"),
        (("--kv-cache-memory-gib", "0"), "holds no token"),
        (("--kv-cache-memory-gib", "4000"), "more than the 79.18 GiB"),
        (("--max-num-seqs", "1000000"), "No memory is left"),
        (("--tensor-parallel-size", "1000"), "cannot be divided among 1,000 GPUs"),
    ],
    ids=" ".join,
)
def test_what_vllm_would_refuse_is_impossible(options: tuple[str, ...], says: str) -> None:
    """The reason is named, and what works instead where something does."""
    status, output = run("plan", "Qwen/Qwen3-14B", "--gpu", "h100", *options, "--json")
    found = json.loads(output)["configurations"][0]
    assert (status, found["verdict"]) == (3, "impossible")
    assert says in found["reasons"][0]
    assert found["nearest"] or "1,000" in says


def test_a_context_beyond_the_models_is_noted() -> None:
    """vLLM refuses it unless positions are scaled; a shorter one that is proposed is what the model was made for."""
    _, output = run("plan", "Qwen/Qwen2.5-7B-Instruct", "--gpu", "l4", "--max-model-len", "65536", "--json")
    assert any("rope_scaling" in note for note in json.loads(output)["configurations"][0]["notes"])
    _, output = run("plan", "Qwen/Qwen2.5-7B-Instruct", "--gpu", "l4", "--max-model-len", "9999999", "--json")
    nearest = json.loads(output)["configurations"][0]["nearest"]
    assert {each["max_model_len"] for each in nearest if "context" in each["change"]} == {32768}


def test_a_load_beyond_the_context_is_shortened_and_told() -> None:
    """The table is labelled with the requests that its speeds are for."""
    _, output = run("plan", "Qwen/Qwen3-14B", "--gpu", "h100", "--max-model-len", "1024")
    assert "tok/s, 512/512" in output
    assert "Requests of 1,024 + 1,024 tokens do not fit" in output


def test_each_configuration_is_planned_once() -> None:
    """However often and in whatever case it is named."""
    _, output = run("plan", "Qwen/Qwen3-14B", "--gpu", "h100,H100 SXM,", "--quantization", "AWQ,awq", "--json")
    assert len(json.loads(output)["configurations"]) == 1


def test_16_bit_is_proposed_where_a_card_has_no_kernels_for_4_bit() -> None:
    """A V100 has room for a small model as it is published; nothing has to be rented."""
    _, output = run("plan", "Qwen/Qwen3-8B", "--gpu", "v100-32", "--quantization", "awq", "--json")
    assert json.loads(output)["configurations"][0]["nearest"][0]["change"] == "quantization none"


@pytest.mark.parametrize(
    "arguments",
    [("plan", "Qwen/Qwen3-14B", "--gpu", "h100,a100-40,l40s", "--quantization", "awq,none"), ("gpus", "ls")],
    ids=" ".join,
)
def test_tables_fit_60_columns_with_all_configurations(arguments: tuple[str, ...]) -> None:
    """Columns go below each other; none is cut off."""
    result = CliRunner().invoke(cli, arguments, standalone_mode=False, env={"COLUMNS": "60"})
    assert result.exception is None
    assert max(map(len, result.output.splitlines())) <= 60
    assert ("L40S none" in result.output) if arguments[0] == "plan" else ("Llama-3.2-3B" in result.output)


def test_a_processor_is_planned_by_its_memory(tmp_path: Path) -> None:
    """All fields of the contract, null where nothing is modelled; 3 where it does not fit; a page; 60 columns."""
    line = ("plan", "Qwen/Qwen2.5-7B-Instruct", "--gpu", "cpu,l4", "--gpu-memory-gib", "16", "--max-model-len", "4096")
    stated = ("--quantization", "none,awq", "--kv-cache-memory-gib", "2")
    path = tmp_path / "plan.html"
    status, output = run(*line, *stated, "--html", str(path), "--json")
    half, awq, *on_gpu = json.loads(output)["configurations"]
    assert status == 3
    assert awq.keys() >= FIELDS
    assert (half["verdict"], awq["verdict"]) == ("impossible", "fits")
    assert (awq["gpu"], awq["output_tokens_per_s"], awq["kv_cache_gib"]) == (None, None, 2)
    assert {each["change"] for each in half["nearest"]} >= {"AWQ", "a KV cache of 1 GiB"}
    assert [each["gpu"] for each in on_gpu] == ["L4", "L4"]
    assert "CPU" in path.read_text(encoding="utf-8")
    shown = CliRunner().invoke(cli, [*line, *stated], standalone_mode=False, env={"COLUMNS": "60"})
    assert (shown.exception, shown.return_value) == (None, 3)
    assert "KV tokens" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 60
    assert "calibrated by" not in run("plan", "Qwen/Qwen3-0.6B", "--gpu", "cpu")[1]


@pytest.mark.parametrize(
    "given",
    [
        ("--gpus", "4"),
        ("--data-parallel-size", "2"),
        ("--enable-expert-parallel",),
        ("--cpu-offload-gib", "5"),
        ("--gpu-memory-utilization", "0.5"),
        ("--vllm", "0.10.0"),
    ],
    ids=" ".join,
)
def test_a_processor_takes_no_options_of_gpus(given: tuple[str, ...]) -> None:
    """What would be ignored is refused."""
    with pytest.raises(UsageError, match=f"does not take {given[0]}"):
        run("plan", "Qwen/Qwen3-0.6B", "--gpu", "cpu", *given)


@pytest.mark.parametrize("option", ["--gpus", "--tensor-parallel-size", "--max-model-len", "--max-num-seqs"])
def test_a_slip_of_the_pen_ends_at_once(option: str) -> None:
    """Counts that nothing could be planned for are wrong usage, neither a traceback nor a loop."""
    with pytest.raises(click.UsageError, match="is not in the range"):
        run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", option, "9" * 400)


@pytest.mark.parametrize("option", ["--kv-cache-memory-gib", "--cpu-offload-gib", "--gpu-memory-gib"])
def test_more_memory_than_there_is_ends_at_once(option: str) -> None:
    """Neither infinity nor what becomes infinite in bytes."""
    with pytest.raises(click.UsageError, match="is not in the range"):
        run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", option, "1e308")


def test_a_page_does_not_take_the_place_of_a_device(tmp_path: Path) -> None:
    """A pipe stays one, as /dev/null has to; a link stays and its file is written; what cannot be made is told."""
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "page.html"
    os.mkfifo(pipe)
    link.symlink_to(target)
    with pytest.raises(click.UsageError, match="names no file"):
        run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", "--html", str(pipe))
    assert pipe.is_fifo()
    run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", "--html", str(link))
    assert link.is_symlink()
    assert "<html" in target.read_text(encoding="utf-8")
    with pytest.raises(click.UsageError, match="cannot be written"):
        run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", "--html", str(tmp_path / ("x" * 250)))


def test_a_recipe_needs_no_gpu_option() -> None:
    """Its own load and arms, for whatever is here; a shape that ships without weights, too."""
    status, output = run("plan", "demo", "--json")
    found = json.loads(output)
    assert status == 0
    assert run("plan", "demo", "--gpu", "cpu")[0] == 0, "as a table, too"
    assert [(arm["arm"], arm["quantization"]) for arm in found["arms"]] == [("baseline", "none"), ("awq", "awq")]
    assert (found["input_tokens"], found["output_tokens"]) == (128, 64)
    assert found["target"].startswith("planned for ")
    assert json.loads(run("plan", "llama-0.4b-dummy", "--gpu", "cpu", "--json")[1])["model"] == "packaged:llama-0.4b"


def test_replicas_and_experts_are_named_as_vllm_names_them() -> None:
    """Sizes in JSON and in the table; the cache is of a replica, the speed of all; the page has the intervals."""
    asked = ("plan", "Qwen/Qwen3-30B-A3B", "--gpu", "h100", "--data-parallel-size", "4", "--enable-expert-parallel")
    found = json.loads(run(*asked, "--json")[1])["configurations"][0]
    assert (found["gpus"], found["data_parallel_size"], found["enable_expert_parallel"]) == (4, 4, True)
    for key in ("ttft_ms", "tpot_ms"):
        interval = found[f"{key}_interval"]
        assert interval["low"] < interval["expected"] == found[key] < interval["high"]
    text = run(*asked)[1]
    assert "DP4 EP" in text
    assert "of each of the 4 data-parallel" in text
    assert "TTFT in ms" in text


def test_gpus_are_placed_and_what_is_given_stays() -> None:
    """The placement chosen and why; the rest of the sizes follows from the number of GPUs."""
    _, output = run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", "--gpus", "8", "--json")
    found = json.loads(output)["configurations"][0]
    assert found["data_parallel_size"] == 8
    assert any(note.startswith("Placed as data parallel 8") for note in found["notes"])
    _, output = run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", "--gpus", "8", "--tensor-parallel-size", "4", "--json")
    found = json.loads(output)["configurations"][0]
    assert (found["tensor_parallel_size"], found["data_parallel_size"], found["gpus"]) == (4, 2, 8)


def test_the_page_shows_times_with_their_intervals(tmp_path: Path) -> None:
    """TTFT, TPOT and what is used, beside the tokens per second."""
    path = tmp_path / "plan.html"
    run("plan", "Qwen/Qwen3-8B", "--gpu", "h100", "--html", str(path))
    text = path.read_text()
    assert "TTFT, ms" in text
    assert re.search(r"<td>[\d.,]+ \([\d.,]+\u2013[\d.,]+\)</td>" * 2, text)
    assert "KV cache used" in text
