"""The files of `awqctl plan pack` and `fleet`, and plans of recipes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.base.errors import UsageError
from pipeline.catalogue.configurations import PlanRequest
from pipeline.catalogue.fleet_file import fleets
from pipeline.catalogue.pack_file import packs
from pipeline.catalogue.recipe_plan import plan_recipe_named
from pipeline.cli.main import cli

PACK = """
gpus: [rtx-5090, h100, h200]
models:
  - {name: Gemma, model: google/gemma-3-27b-it, quantization: awq, max_model_len: 8192, sequences: 2}
  - {name: Qwen, model: Qwen/Qwen3-30B-A3B, quantization: fp8, max_model_len: 8192, sequences: 4}
  - {name: translation, memory_gb: 8}
  - {name: speech, memory_gb: 4}
"""
FLEET = """
phases:
  - {name: first, purchases: [{gpu: rtx-a6000, count: 8}, {gpu: rx-7900-xtx, count: 40}]}
  - {name: second, month: 12, purchases: [{gpu: rx-7900-xtx, count: 40, unit_usd: 999}], other_usd: 500000}
running_usd_per_year: 20000
demand:
  - {gpu: h100, model: Qwen/Qwen3-14B}
  - {gpu: h100, model: meta-llama/Llama-3.1-405B, quantization: none, users: [1000]}
  - {gpu: h100, model: Qwen/Qwen3-14B, gpus_per_replica: 2, users: [100]}
  - {gpu: mi300x, parameters: 1.0e+14, bits: 8}
"""


def written(folder: Path, text: str) -> Path:
    """Return a file with a text."""
    path = folder / "file.yaml"
    path.write_text(text)
    return path


def test_four_models_on_three_cards(tmp_path: Path) -> None:
    """Not all of them on 32 GB, in turns on 80 GB, together on 141 GB."""
    found = packs(written(tmp_path, PACK))["gpus"]
    assert [each["verdict"] for each in found] == ["impossible", "turns", "together"]
    assert found[0]["too_large"] == ["Qwen"]
    assert len(found[1]["turns"]) == 2
    assert {"Gemma", "Qwen"} <= set(found[1]["turns"][0]["models"]) & set(found[1]["turns"][1]["models"])
    assert found[2]["mig"] is not None
    assert all(0 < model["gpu_memory_utilization"] < 1 for model in found[2]["models"])
    assert all(turn["swap_s"] > 0 for each in found for turn in each["turns"])


def test_phases_and_fleets(tmp_path: Path) -> None:
    """The deck's purchases, growing fleets, a model beyond one node, and 521 GPUs for 10^14 parameters."""
    found = fleets(written(tmp_path, FLEET))
    assert [phase["capital_usd"] for phase in found["phases"]] == [75_960, 539_960]
    assert found["total_usd"] == pytest.approx(sum(year["cash_usd"] for year in found["years"]), abs=0.02)
    gpus = [fleet["gpus"] for fleet in found["demand"][0]["fleets"]]
    assert gpus == sorted(gpus)
    assert (found["demand"][1]["gpus_per_replica"], found["demand"][1]["nodes_per_replica"]) == (16, 2)
    assert found["demand"][2]["tensor_parallel_size"] == 2
    assert found["demand"][3]["gpus_for_weights"] == 521
    assert found["renting"]["no_rent_known"] == ["RX 7900 XTX"]
    largest = found["demand"][0]["fleets"][-1]
    assert largest["power_kw"] == pytest.approx(largest["gpus"] * 0.7 * 0.6 * 1.4)
    assert largest["cards_usd"] == largest["gpus"] * 25_000


@pytest.mark.parametrize(("word", "name"), [("pack", "four-models"), ("fleet", "investment"), ("fleet", "users")])
def test_files_that_ship_are_planned_by_name(word: str, name: str) -> None:
    """Without a path; 80 columns hold them."""
    shown: Any = CliRunner().invoke(cli, ["plan", word, name], standalone_mode=False, env={"COLUMNS": "80"})
    assert shown.return_value == 0
    assert max(map(len, shown.output.splitlines())) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown.output


def test_the_stated_sum_stands_beside_the_planned_one() -> None:
    """76.4 GB were stated of the four models."""
    shown = CliRunner().invoke(cli, ["plan", "pack", "four-models"], env={"COLUMNS": "80"})
    assert "Stated for all: 76.4 GB" in shown.output


def test_a_rent_of_ones_own_is_compared(tmp_path: Path) -> None:
    """`rent_usd_per_hour` of a purchase comes before the catalogue's."""
    text = "phases: [{name: x, purchases: [{gpu: rx-7900-xtx, count: 1, rent_usd_per_hour: 1}]}]\nyears: 1"
    rented = fleets(written(tmp_path, text))["renting"]
    assert rented == {"total_usd": 8760.0, "break_even_month": 2, "no_rent_known": [], "rent_stale": []}


def test_old_rents_are_marked(tmp_path: Path) -> None:
    """Of a purchase, and of a fleet; one's own rent is not old."""
    text = "phases: [{name: x, purchases: [{gpu: rtx-3090, count: 1%s}]}]\ndemand: [{gpu: l4, model: Qwen/Qwen3-8B}]"
    found = fleets(written(tmp_path, text % ""))
    assert found["renting"]["rent_stale"] == ["RTX 3090"]
    assert all(fleet["rent_stale"] for fleet in found["demand"][0]["fleets"])
    assert fleets(written(tmp_path, text % ", rent_usd_per_hour: 1"))["renting"]["rent_stale"] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gpus: [h100]", "models: required, but missing"),
        ("gpus: [h100]\nmodels: [{name: x}]", "neither `model` nor `memory_gb`"),
        ("gpus: [h100]\nmodels: [{name: x, memory_gb: 3, model: Qwen/Qwen3-8B}]", "x has both"),
        ("gpus: [h100]\nmodels: [{name: x, memory_gb: 3}, {name: x, memory_gb: 3}]", "x is the name of several"),
        ("gpus: h100\nmodels: [{name: x, memory_gb: 3}]", "gpus: a list is expected"),
        ("gpus: [h100]\nmodels: []", "models: more entries are needed"),
        ("gpus: [h100]\nmodels: [{name: x, model: Qwen/Qwen3-8B, quantization: awk}]", "Did you mean awq"),
        ("gpus: [h100]\nmodels: [{name: x, model: Qwen/Qwen3-8B, kv_cache_dtype: fp4}]", "fp4 is no KV cache dtype"),
        ("gpus: [h100]\nmodels: [{name: x, memory: 3}]", "memory: unknown key.*Did you mean memory_gb"),
        ("gpus: [h100]\nmodels: [{name: x, memory_gb: .inf}]", "memory_gb"),
        ("gpus: [h100]\nmodels: [{name: x, memory_gb: true}]", "memory_gb"),
        ("gpus: [h100]\nmodels: [{name: x, model: Qwen/Qwen3-8B, sequences: true}]", "sequences"),
        ("gpus: [h100]\nmodels: [{name: x, model: Qwen/Qwen3-8B, sequences: 999999999999999999}]", "sequences"),
    ],
)
def test_a_wrong_pack_is_named(tmp_path: Path, text: str, says: str) -> None:
    """The key, and what is wrong with it."""
    with pytest.raises(UsageError, match=says):
        packs(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("phases: [{name: x, purchases: [{gpu: h200, count: 1}]}]", "Give its `unit_usd`"),
        ("phases: [{name: x, purchases: [{gpu: m4, count: 1, unit_usd: 1}]}]", "The power of M4"),
        ("demand: [{gpu: h100, model: Qwen/Qwen3-8B, parameters: 1.0e+9}]", "both `model` and `parameters`"),
        ("demand: [{gpu: h100, model: Qwen/Qwen3-8B, quantization: awk}]", "awk is no quantization"),
        ("demand: [{gpu: h100, model: Qwen/Qwen3-8B, tokens_per_s_per_user: 1.0e+6}]", "a request alone is expected"),
        ("phases: []", "neither phases nor a demand"),
        ("phases: [{name: x, purchases: [{gpu: h100, count: true, unit_usd: 1}]}]", "count"),
        ("phases: [{name: x, purchases: [{gpu: h100, count: 999999999, unit_usd: 1}]}]", "count"),
        ("phases: [{name: x, purchases: [{gpu: h100, count: 1, unit_usd: 1.0e+300}]}]", "unit_usd"),
        ("phases: [{name: x, other_usd: .inf}]", "other_usd"),
        ("phases: [{name: x}]\npue: .inf", "pue"),
        ("phases: [{name: x}]\nstaff_usd_per_year: '1e999999'", "staff_usd_per_year"),
        ("phases: [{name: x}]\ndepreciation_years: 999999999999999999", "depreciation_years"),
        ("demand: [{gpu: h100, parameters: .inf}]", "parameters"),
        ("demand: [{gpu: h100, parameters: 1.0e+300, bits: 1.0e+300}]", "parameters"),
        ("demand: [{gpu: h100, model: Qwen/Qwen3-8B, active_share: 1.0e-300}]", "active_share"),
        ("demand: [{gpu: h100, model: Qwen/Qwen3-8B, gpus_per_replica: 999999999999999999}]", "gpus_per_replica"),
        ("demand: [{gpu: h100, model: Qwen/Qwen3-8B, tokens_per_s_per_user: .inf}]", "tokens_per_s_per_user"),
        ("phases: [{name: late, month: 36}]", "late: bought after the 3 years"),
        ("phases: [{name: x, other_usd: -5}]", "greater than or equal to 0"),
        ("phases: [{name: x}]\nusd_per_kwh: -1", "greater than or equal to 0"),
        ("phases: [{name: x}]\nyears: 1000000", "less than or equal to 50"),
        ("demand: [{gpu: h100}]", "neither `model` nor `parameters`"),
        ("demand: [{gpu: rtx-2060, model: meta-llama/Llama-3.1-405B, gpus_per_replica: 1}]", "cannot be planned"),
    ],
)
def test_a_wrong_fleet_is_named(tmp_path: Path, text: str, says: str) -> None:
    """What is missing, and what to give."""
    with pytest.raises(UsageError, match=says):
        fleets(written(tmp_path, text))
    with pytest.raises(UsageError, match="no file"):
        fleets(tmp_path / "none.yaml")


def test_a_recipe_is_planned_as_it_stands() -> None:
    """The packaged recipes, on a GPU that this machine need not have: 16 bit beside AWQ, the engine's limits."""
    found = plan_recipe_named(PlanRequest("hub-gpu", gpus="l40s"))
    assert [each.quantization for each in found.configurations] == ["none", "awq"]
    assert all(each.verdict == "fits" for each in found.configurations)
    assert found.model == "Qwen/Qwen2.5-7B-Instruct"
    demo = plan_recipe_named(PlanRequest("demo", gpus="l4", quantization="awq"))
    assert demo.parameters < 10_000_000


@pytest.mark.parametrize(("word", "text", "status"), [("pack", PACK, 0), ("fleet", FLEET, 0)])
def test_commands(tmp_path: Path, word: str, text: str, status: int) -> None:
    """Tables of 80 columns, and one JSON document."""
    path = written(tmp_path, text)
    shown: Any = CliRunner().invoke(cli, ["plan", word, str(path)], standalone_mode=False, env={"COLUMNS": "80"})
    assert shown.return_value == status
    assert max(map(len, shown.output.splitlines())) <= 80
    document = CliRunner().invoke(cli, ["plan", word, str(path), "--json"], standalone_mode=False)
    assert json.loads(document.output)["schema_version"] == 1


def test_a_pack_that_fits_nowhere_ends_with_3(tmp_path: Path) -> None:
    """Not even in turns."""
    text = "gpus: [rtx-2060]\nmodels: [{name: large, memory_gb: 40}]"
    result: Any = CliRunner().invoke(cli, ["plan", "pack", str(written(tmp_path, text))], standalone_mode=False)
    assert result.return_value == 3


def test_secondary_problems_are_left_out(tmp_path: Path) -> None:
    """A wrong entry is named by itself, not as an entry that is missing as well."""
    with pytest.raises(UsageError) as refused:
        packs(written(tmp_path, "gpus: [h100]\nmodels: [{name: x, memory: 3}]"))
    assert "more entries" not in str(refused.value)


def test_a_pack_names_what_cannot_run_on_a_card(tmp_path: Path) -> None:
    """A V100 has no kernels for AWQ: enough memory is not enough."""
    text = "gpus: [v100-32, l4]\nmodels: [{name: x, model: Qwen/Qwen3-8B, quantization: awq}, {name: y, memory_gb: 1}]"
    volta, ada = packs(written(tmp_path, text))["gpus"]
    assert (volta["verdict"], ada["verdict"]) == ("impossible", "together")
    assert volta["reasons"] == ["x: vLLM cannot run awq on V100 32 GB."]


def test_users_who_want_more_get_fewer_beside_them(tmp_path: Path) -> None:
    """A replica runs only as many sequences as leave each user the tokens per second asked for."""
    text = "demand: [{gpu: h100, model: Qwen/Qwen3-14B, users: [10000], tokens_per_s_per_user: %s}]"
    slow, fast = (fleets(written(tmp_path, text % speed))["demand"][0]["fleets"][0] for speed in (20, 60))
    assert fast["replicas"] > 3 * slow["replicas"]
    assert fast["bound_by"] == "tokens per second"


def test_counts_have_their_plural(tmp_path: Path) -> None:
    """One GPU is one."""
    path = written(tmp_path, "demand: [{gpu: h100, model: Qwen/Qwen3-8B, users: [1]}]")
    result = CliRunner().invoke(cli, ["plan", "fleet", str(path)], env={"COLUMNS": "80"})
    assert "1 GPU per replica:" in result.output


def test_more_gpus_for_a_recipe_are_placed() -> None:
    """`--gpus` is not undone by the recipe's own parallel sizes, and the packaged model has its name."""
    found = plan_recipe_named(PlanRequest("demo", gpus="l40s", count=2))
    assert {each.gpus for each in found.configurations} == {2}
    assert found.model == "packaged:demo"
