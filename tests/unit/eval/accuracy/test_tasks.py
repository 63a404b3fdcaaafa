"""Tasks that cannot be measured are refused before the first token."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.tasks import check_chat_template, check_tasks
from pipeline.base.errors import RecipeError, SourceError
from pipeline.recipe.eval import Eval

SAID = {
    "metrics": {"exact_match": True, "exact_match,strict-match": True, "exact_match,none": True},
    "complete": True,
    "no_fewshot": False,
}


def check(task: dict[str, Any], **changes: Any) -> None:
    """Check one task of which lm-eval says what `SAID` does, with changes."""
    settings = Eval.model_validate({"tasks": [{"name": "gsm8k", "margin": 0.01} | task]})
    answer = {"unknown": [], "unsafe": [], "taken": [], "tasks": {"gsm8k": SAID | changes}}
    answer |= {key: value for key, value in changes.items() if key in answer}
    check_tasks(settings, {"gsm8k": settings.all_tasks[0].metric or ""}, answer)


@pytest.mark.parametrize("metric", ["exact_match", "exact_match,strict-match"])
def test_known_metrics_pass(metric: str) -> None:
    """With and without lm-eval's filter."""
    check({"metric": metric, "num_fewshot": 5})


def test_what_lm_eval_cannot_say_passes() -> None:
    """A task written in Python may report more than its file says."""
    check({"metric": "pass@1"}, complete=False)


@pytest.mark.parametrize(
    ("task", "changes", "reason"),
    [
        ({}, {"unknown": ["gsm8k"]}, "lm-eval knows no task named gsm8k"),
        ({}, {"unsafe": ["gsm8k"]}, r"gsm8k: this executes code .* Set eval\.unsafe_code=true"),
        ({}, {"taken": ["gsm8k"]}, "gsm8k: another task has this name already.* Give them a `name` of their own"),
        ({"metric": "acc"}, {}, r"does not report 'acc'; it reports exact_match, exact_match,strict-match\."),
        ({"metric": "exact_match,flexible"}, {}, "does not report 'exact_match,flexible'"),
        ({"metric": "exact_match", "num_fewshot": 5}, {"no_fewshot": True}, "lm-eval ignores num_fewshot=5"),
    ],
)
def test_refusals(task: dict[str, Any], changes: dict[str, Any], reason: str) -> None:
    """The message says what to correct."""
    with pytest.raises(RecipeError, match=reason):
        check(task, **changes)


def test_chat_template_must_be_there(tmp_path: Path) -> None:
    """In the tokenizer's settings or in a file of its own."""
    settings = tmp_path / "tokenizer_config.json"
    with pytest.raises(SourceError, match="has no chat template"):
        check_chat_template(tmp_path)
    settings.write_text(json.dumps({"chat_template": None}))
    with pytest.raises(SourceError, match="has no chat template"):
        check_chat_template(tmp_path)
    settings.write_text(json.dumps({"chat_template": "{{ messages }}"}))
    check_chat_template(tmp_path)
    for damaged in (b"{", b"[]", b"\xff"):
        settings.write_bytes(damaged)
        with pytest.raises(SourceError, match=r"tokenizer_config\.json is damaged"):
            check_chat_template(tmp_path)
    settings.unlink()
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    check_chat_template(tmp_path)
