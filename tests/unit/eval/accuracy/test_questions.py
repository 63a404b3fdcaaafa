"""The client's own questions: reading, faults by line, and the task files that are made of them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from eval.accuracy.question_files import read_questions
from eval.accuracy.questions import questions_identity, write_tasks
from eval.tasks.questions_data import load, word_f1
from pipeline.base.errors import RecipeError
from pipeline.recipe.eval import EvalTask

CHOICE = {"prompt": "Which?", "choices": ["one", "two", "three"], "answer": 0}
REFERENCE = {"prompt": "Which?\nAnswer:", "reference": "one"}


def write(folder: Path, *rows: dict[str, Any] | str) -> Path:
    """Write lines of objects, or of text as it is."""
    path = folder / "mine.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return path


def task(**keys: Any) -> EvalTask:
    """Return a task of the file that `write` writes."""
    return EvalTask.model_validate({"name": "mine", "questions": "mine.jsonl"} | keys)


@pytest.mark.parametrize(
    ("answer", "choices", "position"),
    [
        ("two", ["one", "two"], 1),
        ("B", ["one", "two"], 1),
        (1, ["one", "two"], 1),
        ("A", ["A", "B"], 0),
        ("2", ["1", "2"], 1),
        (0, ["0", "1"], 0),
    ],
)
def test_answers_may_be_texts_letters_or_numbers(
    tmp_path: Path, answer: object, choices: list[str], position: int
) -> None:
    """All are brought to the number of the right choice."""
    path = write(tmp_path, {"prompt": "Which?", "choices": choices, "answer": answer, "topic": "ignored"})
    assert read_questions(path).rows == ({"prompt": "Which?", "choices": choices, "answer": position},)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", r"not JSON \(Expecting property name.*column 2\)"),
        ("[1]", "not an object"),
        ('{"prompt": "p", "answer": ' + "1" * 5000 + "}", "a number in it has thousands of digits"),
        ('{"prompt": ' + "[" * 100_000, "nested too deeply"),
        (CHOICE | {"prompt": "a \ud83d b"}, r"\\ud83d is half a character"),
        (CHOICE | {"choices": ["one", "\ude00"]}, r"\\ude00 is half a character"),
        (REFERENCE | {"reference": "\ud83d"}, r"\\ud83d is half a character"),
        ({"choices": ["a", "b"], "answer": 0}, "has no `prompt`"),
        (CHOICE | {"prompt": 7}, "`prompt` is a number, not a text"),
        (CHOICE | {"prompt": " \n"}, "`prompt` is empty"),
        ({"prompt": "p"}, "has neither `choices` nor `reference`"),
        (CHOICE | REFERENCE, "has both"),
        (CHOICE | {"choices": "one, two"}, "`choices` is not a list of texts"),
        (CHOICE | {"choices": [1, 2]}, "`choices` is not a list of texts"),
        (CHOICE | {"choices": ["one"]}, "`choices` has fewer than two"),
        (CHOICE | {"choices": ["one", ""]}, "`choices` has an empty text"),
        (CHOICE | {"choices": ["one", "one"]}, "`choices` has the same text twice"),
        ({"prompt": "p", "choices": ["one", "two"]}, "has no `answer`"),
        (CHOICE | {"answer": True}, "`answer` is true or false"),
        (CHOICE | {"answer": None}, "`answer` is null"),
        (CHOICE | {"answer": 3}, "`answer` 3 is none of the choices"),
        (CHOICE | {"answer": -1}, "`answer` -1 is none of the choices"),
        (CHOICE | {"answer": "D"}, '`answer` "D" is none of the choices'),
        (CHOICE | {"choices": ["B", "A"], "answer": "A"}, '`answer` "A" .* stands for another; give the number'),
        (CHOICE | {"choices": ["1", "2"], "answer": 1}, "`answer` 1 .* stands for another; give the text"),
        (REFERENCE | {"reference": []}, "`reference` is neither a text nor a list"),
        (REFERENCE | {"reference": ["a", 1]}, "`reference` is neither a text nor a list"),
        (REFERENCE | {"reference": ["a", " "]}, "`reference` is empty"),
    ],
)
def test_every_fault_has_its_line(tmp_path: Path, line: dict[str, Any] | str, fault: str) -> None:
    """The second line, after a blank one that does not count, is named with what is wrong."""
    good = REFERENCE if isinstance(line, dict) and "reference" in line and "choices" not in line else CHOICE
    path = write(tmp_path, good, "", line)
    with pytest.raises(RecipeError, match=rf"mine\.jsonl is not a file of questions:\n  line 3: {fault}"):
        read_questions(path)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([CHOICE, REFERENCE], "line 2: of another kind than line 1"),
        ([CHOICE, CHOICE | {"prompt": "Which? "}], "line 2: only one of lines 1 and 2 has white space"),
        ([CHOICE | {"id": 7}, CHOICE | {"id": "7"}], "line 2: the id '7' is that of line 1"),
        ([""], "there is no question in it"),
    ],
)
def test_lines_that_do_not_go_together(tmp_path: Path, rows: list[Any], fault: str) -> None:
    """Kinds and white space may not be mixed, and an id names one question."""
    with pytest.raises(RecipeError, match=fault):
        read_questions(write(tmp_path, *rows))


def test_many_faults_are_listed_up_to_ten(tmp_path: Path) -> None:
    """The first ten, and how many more there are."""
    with pytest.raises(RecipeError, match=r"line 1: not JSON[^$]*line 10: not JSON[^\n]*\n  and 2 more\n"):
        read_questions(write(tmp_path, *["{"] * 12))


def test_encoding(tmp_path: Path) -> None:
    """UTF-8 with or without a byte order mark; a line in another encoding is named."""
    path = tmp_path / "mine.jsonl"
    line = json.dumps(CHOICE | {"prompt": "Où\u2028ça?"}, ensure_ascii=False)
    path.write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n")
    assert read_questions(path).rows[0]["prompt"] == "Où\u2028ça?"
    path.write_bytes(line.encode("utf-16-le"))
    with pytest.raises(RecipeError, match="line 1: not"):
        read_questions(path)
    path.write_bytes(json.dumps(CHOICE | {"prompt": "Où?"}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(RecipeError, match="line 1: not UTF-8"):
        read_questions(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    """A named pipe would be waited for without end."""
    os.mkfifo(tmp_path / "mine.jsonl")
    with pytest.raises(RecipeError, match=r"mine\.jsonl is no file"):
        read_questions(tmp_path / "mine.jsonl")


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named, for the task as for its identity."""
    with pytest.raises(RecipeError, match=r"mine\.jsonl cannot be read"):
        write_tasks([task()], tmp_path, tmp_path / "tasks")
    with pytest.raises(RecipeError, match=r"there is no file .*mine\.jsonl"):
        questions_identity([task()], tmp_path)


def test_task_file_is_plain(tmp_path: Path) -> None:
    """Nothing of the questions stands in the YAML, and its only tag is the loader's; the data is one line each."""
    prompt = "!function os.system {{ 1 }}\n- task: other\nAnswer:"
    write(tmp_path, {"prompt": prompt, "choices": ["{{ x }}", "y"], "answer": "y", "id": 1})
    assert write_tasks([task()], tmp_path, tmp_path / "tasks") == {"mine": "acc"}
    text = (tmp_path / "tasks" / "questions_0.yaml").read_text()
    assert text.count("!") == 1
    settings = yaml.safe_load(text.replace("!function ", ""))
    assert (settings["task"], settings["doc_to_text"], settings["target_delimiter"]) == ("mine", "prompt", " ")
    assert settings["custom_dataset"] == "questions_data.load"
    rows = [json.loads(line) for line in (tmp_path / "tasks" / "questions_0.jsonl").read_text().splitlines()]
    assert rows == [{"answer": 1, "choices": ["{{ x }}", "y"], "id": "1", "prompt": prompt}]


@pytest.mark.parametrize(
    ("row", "delimiter"),
    [
        (CHOICE, " "),
        (CHOICE | {"prompt": "Which?\n"}, ""),
        (CHOICE | {"choices": [" one", " two"]}, ""),
        (REFERENCE, " "),
    ],
)
def test_delimiter_is_a_space_unless_there_is_one(tmp_path: Path, row: dict[str, Any], delimiter: str) -> None:
    """Prompts and choices are not changed; what stands between them follows from their white space."""
    assert read_questions(write(tmp_path, row)).delimiter == delimiter


def test_examples_are_the_first_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not asked; a file that has nothing else is refused."""
    write(tmp_path, *(CHOICE | {"prompt": f"{number}?"} for number in range(3)))
    write_tasks([task(num_fewshot=2)], tmp_path, tmp_path)
    monkeypatch.setattr("eval.tasks.questions_data.FOLDER", tmp_path)
    splits = load(file="questions_0.jsonl", examples=2, version=1.0)
    assert (splits["examples"]["prompt"], splits["test"]["prompt"]) == (["0?", "1?"], ["2?"])
    with pytest.raises(RecipeError, match="has 3 questions; with num_fewshot=3"):
        write_tasks([task(num_fewshot=3)], tmp_path, tmp_path)


def test_answers_end_where_no_reference_does(tmp_path: Path) -> None:
    """With the line; with the paragraph where a reference has lines; nowhere where it has paragraphs."""
    stops = []
    for row in (REFERENCE, REFERENCE | {"reference": ["one", "one\ntwo"]}, REFERENCE | {"reference": "a\n\nb"}):
        write(tmp_path, row)
        assert write_tasks([task()], tmp_path, tmp_path) == {"mine": "exact_match"}
        settings = yaml.safe_load((tmp_path / "questions_0.yaml").read_text().replace("!function ", ""))
        stops.append(settings["generation_kwargs"]["until"])
    assert stops == [["\n"], ["\n\n"], []]


def test_identity_follows_the_contents(tmp_path: Path) -> None:
    """Another question is another identity; other tasks do not count."""
    assert questions_identity([EvalTask(name="gsm8k")], tmp_path) == ""
    write(tmp_path, CHOICE)
    before = questions_identity([task()], tmp_path)
    write(tmp_path, CHOICE | {"answer": 1})
    assert before.startswith("mine=mine.jsonl:")
    assert questions_identity([task()], tmp_path) != before


@pytest.mark.parametrize(
    ("answer", "reference", "value"),
    [
        ("the Cat sat.", "cat sat", 1.0),
        ("a b c d", "c d e f", 4 / 7),
        ("yes", "no", 0.0),
        ("the", "a", 1.0),
        ("", "word", 0.0),
        ("red red", "red", 2 / 3),
    ],
)
def test_word_f1(answer: str, reference: str, value: float) -> None:
    """As SQuAD's script: articles and punctuation dropped, repeated words counted as often as both have them."""
    assert word_f1(answer, reference) == pytest.approx(value)
