"""`awqctl roi`: scenarios in 80 columns and as JSON, recipes as before, exit codes."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pipeline.base.errors import UsageError
from pipeline.cli.main import cli
from pipeline.roi.scenarios.files import packaged_scenarios
from pipeline.roi.scenarios.result import ScenarioResult


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep prices and corrections of whoever runs the tests out of them."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))


def run(*arguments: str) -> tuple[Any, str]:
    """Return what a command returned, and its output."""
    result = CliRunner().invoke(cli, arguments, standalone_mode=False, env={"COLUMNS": "80"})
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


@pytest.mark.whole
@pytest.mark.parametrize("name", packaged_scenarios())
def test_every_scenario_prints_in_80_columns(name: str) -> None:
    """With a verdict on each claim; a refuted one is a finding, so the command succeeds."""
    status, output = run("roi", name)
    assert status == 0
    assert max(map(len, output.splitlines())) <= 80
    verdicts = ("confirmed ", "refuted ", "not decidable ")
    assert sum(line.startswith(verdicts) for line in output.splitlines()) > 2


def test_json_is_one_document() -> None:
    """It is the typed result, with the verdict on the third use case."""
    status, output = run("roi", "document-analysis", "--json")
    found = ScenarioResult.model_validate(json.loads(output))
    assert status == 0
    assert found.schema_version == 1
    assert [each.verdict for each in found.claims if "50,000 documents a day at" in each.claim] == ["refuted"]


def test_the_list_has_all() -> None:
    """By name, with the number of claims."""
    _, output = run("roi", "ls", "--json")
    assert [each["name"] for each in json.loads(output)] == list(packaged_scenarios())
    _, output = run("roi", "ls")
    assert all(name in output for name in packaged_scenarios())


def scenario(folder: Path, *, model: str = "meta-llama/Llama-2-70b-hf", currency: str = "") -> Path:
    """Write a scenario of a model that fits on no RTX 4090, and on two A100."""
    path = folder / "mine.yaml"
    path.write_text(
        f"""scenario: mine
title: Mine
model: {model}
sources: {{offer: {{title: Our offer, date: 2026-11-01}}}}
{currency}
load:
  requests_per_day: [10000, offer]
  input_tokens: [500, offer]
  output_tokens: [200, offer]
variants:
  - {{name: base, gpu: a100-80, gpus: 2, role: baseline, hourly_usd: [2, offer]}}
  - {{name: awq, gpu: rtx-4090, quantization: awq, role: candidate, hourly_usd: [0.5, offer]}}
"""
    )
    return path


def test_an_impossible_candidate_ends_with_3(tmp_path: Path) -> None:
    """And it is said why it cannot run, while the baseline is priced."""
    status, output = run("roi", str(scenario(tmp_path)))
    assert status == 3
    assert "awq cannot serve the load: No memory is left" in " ".join(output.split())
    assert "base, rented" in output


def test_amounts_are_shown_in_the_stated_currency(tmp_path: Path) -> None:
    """Two GPUs at 2 USD are 2,920 USD, at 0.5 EUR for a dollar 1,460 EUR, and the rate is said with its date."""
    path = scenario(tmp_path, currency="currency: {code: EUR, per_usd: [0.5, offer]}")
    _, output = run("roi", str(path))
    assert "costs in EUR" in output
    assert "1,460" in output
    assert "1 USD is 0.5 EUR (Our offer, 2026-11-01)." in output


@pytest.mark.parametrize(
    "option", [("--set", "a=1"), ("--out", "x"), ("--force",), ("--store", "sqlite:///x"), ("-v",)]
)
def test_options_of_recipes_are_refused(option: tuple[str, ...]) -> None:
    """A scenario has everything in its file."""
    with pytest.raises(click.UsageError, match="goes with a RECIPE"):
        run("roi", "support-chatbot", *option)


def test_a_name_that_is_neither_is_answered_with_the_nearest() -> None:
    """Of scenarios and recipes alike."""
    with pytest.raises(UsageError, match="Did you mean support-chatbot") as problem:
        run("roi", "suport-chatbot")
    assert problem.value.exit_code == 2
    with pytest.raises(UsageError, match="Did you mean demo"):
        run("roi", "dem")


def test_a_recipe_is_priced_as_before(tmp_path: Path) -> None:
    """It asks for the benchmark, which has not been run."""
    with pytest.raises(UsageError, match="awqctl bench demo"):
        run("roi", "demo", "--out", str(tmp_path / "out"), "--store", f"sqlite:///{tmp_path}/m.db")


def test_completion_offers_scenarios_and_recipes() -> None:
    """Else files."""
    argument = cli.get_command(click.Context(cli), "roi").params[0]  # type: ignore[union-attr]
    context = click.Context(cli)
    assert [item.value for item in argument.shell_complete(context, "de")] == ["demo"]
    assert "sizing" in [item.value for item in argument.shell_complete(context, "s")]
    assert [item.type for item in argument.shell_complete(context, "./m")] == ["file"]
