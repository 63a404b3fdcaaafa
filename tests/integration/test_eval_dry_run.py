"""`awqctl eval --dry-run` and what it refuses, with the real lm-eval worker; no engine starts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.models import packaged_model
from tests.helpers import awqctl

pytestmark = pytest.mark.usefixtures("indexed_home")


def dry_run(folder: Path, *settings: str, as_json: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command on the packaged recipe in an empty folder."""
    options = ["--json"] if as_json else []
    return awqctl("eval", "demo", "--dry-run", *options, settings=settings, cwd=folder, timeout=300)


def test_resolution_of_the_packaged_recipe(tmp_path: Path) -> None:
    """The real item counts; one JSON document; nothing is left in the folder."""
    answer = dry_run(tmp_path, "eval.tasks.0.limit=200")
    document = json.loads(answer.stdout)
    lines, bits = document["tasks"]

    assert answer.returncode == 0
    assert (lines["items"], lines["items_available"], bits["items"]) == (200, 1500, 40)
    assert (lines["decidable"], lines["origin"], bits["origin"]) == (False, "assumed", "unknown")
    assert lines["smallest_paired"] < lines["smallest_unpaired"]
    (warning,) = document["warnings"]
    assert f"Raise its limit to {lines['items_needed']}" in warning
    assert "warning: 200 items of stdlib_next_line" in answer.stderr
    assert (document["work"]["items"], document["work"]["engine_starts"], document["work"]["seconds"]) == (240, 2, None)
    assert [each["verdict"] for each in document["plan"]["configurations"]] == ["fits", "fits"]
    assert list(tmp_path.iterdir()) == []


def test_suite_and_own_questions_fit_the_terminal(tmp_path: Path) -> None:
    """One line in the recipe makes the client's file a task; the table stays within 80 columns."""
    question = {"prompt": "2 + 2 =", "choices": ["4", "5"], "answer": "4"}
    (tmp_path / "own.jsonl").write_text(json.dumps(question) + "\n")
    file = tmp_path / "own.jsonl"
    answer = dry_run(
        tmp_path, "eval.suite=smoke", "eval.margin=0.05", f"eval.tasks=[{{questions: {file}}}]", as_json=False
    )

    assert answer.returncode == 0, answer.stderr
    assert max(map(len, answer.stdout.splitlines())) <= 80
    assert {"own", "stdlib_bits"} <= set(answer.stdout.replace("│", " ").split())


def test_arms_that_do_not_fit_end_with_3(tmp_path: Path) -> None:
    """After the tables: a cache of 1 TiB is on no machine that runs tests."""
    answer = dry_run(tmp_path, "engine.cpu_kv_cache_gib=1024")
    assert answer.returncode == 3, answer.stderr
    assert "GiB are short" in answer.stderr
    assert json.loads(answer.stdout)["plan"]["configurations"][0]["nearest"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("eval.tasks.0.name=no_such_task",), "no task named no_such_task"),
        (("eval.tasks.0.metric=accuracy",), "does not report 'accuracy'; it reports acc, acc_norm"),
        (("eval.tasks.0.num_fewshot=5",), "fixes few-shot examples at none"),
        (("eval.tasks=[{questions: missing.jsonl, margin: 0.1}]",), "missing.jsonl"),
        (("eval.alarm.text=missing.txt",), "there is no file"),
        (("arms=[baseline, awq, {name: mine, checkpoint: ./missing}]",), "arms, mine: there is no folder ./missing"),
    ],
)
def test_what_cannot_be_scored_is_refused(tmp_path: Path, settings: tuple[str, ...], said: str) -> None:
    """With code 2 and a sentence, before any engine starts."""
    answer = dry_run(tmp_path, *settings)

    assert (answer.returncode, said in answer.stderr) == (2, True), answer.stderr
    assert answer.stdout == ""


def test_missing_chat_template_is_refused(tmp_path: Path) -> None:
    """A base model has none to ask through."""
    model = Path(shutil.copytree(packaged_model(), tmp_path / "model"))
    (model / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((model / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (model / "tokenizer_config.json").write_text(json.dumps(settings))
    answer = dry_run(tmp_path, f"model.source={model}", "eval.chat_template=true")

    assert (answer.returncode, "has no chat template" in answer.stderr) == (2, True), answer.stderr
