"""The shipped demo: what was held out stays out, the questions are fair, the model has the promised form."""

import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from recipes.demo.corpus import Corpus, Module, choose_held_out, covers, split, windows
from recipes.demo.items import bits, calibration, distractors, indentation, next_line, pieces

REPOSITORY = Path(__file__).resolve().parents[4]
DEMO = REPOSITORY / "recipes" / "demo"
MODEL = DEMO / "model"
TASKS = REPOSITORY / "eval" / "tasks"


def rows(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON lines file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def questions() -> list[dict[str, Any]]:
    """Return the shipped multiple-choice questions."""
    return rows(TASKS / "data" / "stdlib_next_line.jsonl")


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """Return the shipped documents for bits per byte."""
    return rows(TASKS / "data" / "stdlib_bits.jsonl")


@pytest.fixture(scope="module")
def calibration_rows() -> list[dict[str, Any]]:
    """Return the shipped calibration text."""
    return rows(DEMO / "calibration.jsonl")


@pytest.fixture(scope="module")
def training() -> dict[str, Any]:
    """Return the record of the training run."""
    record: dict[str, Any] = json.loads((MODEL / "training.json").read_text(encoding="utf-8"))
    return record


def test_there_are_enough_questions(questions: list[dict[str, Any]]) -> None:
    """A thousand questions see a difference of three points or so; ask no fewer."""
    assert len(questions) >= 1000


def test_every_question_has_four_choices_of_one_shape(questions: list[dict[str, Any]]) -> None:
    """Neither indentation nor a repeated or contained line gives the answer away."""
    for question in questions:
        choices = question["choices"]
        assert len(set(choices)) == 4
        assert len({indentation(choice) for choice in choices}) == 1
        assert not any(a != b and a.startswith(b) for a in choices for b in choices)


def test_choices_are_single_lines_after_a_line_break(questions: list[dict[str, Any]]) -> None:
    """Eight lines of context; no choice is told apart by white space at its end."""
    for question in questions:
        assert question["context"].endswith("\n")
        assert question["context"].count("\n") == 8
        assert all("\n" not in choice and choice == choice.rstrip() for choice in question["choices"])


def test_the_answer_is_at_no_preferred_place(questions: list[dict[str, Any]]) -> None:
    """Each of the four places holds between a fifth and three tenths of the answers."""
    places = Counter(question["answer"] for question in questions)
    assert sorted(places) == [0, 1, 2, 3]
    assert all(0.2 <= count / len(questions) <= 0.3 for count in places.values())


def test_questions_and_documents_come_from_the_held_out_modules(
    questions: list[dict[str, Any]], documents: list[dict[str, Any]], training: dict[str, Any]
) -> None:
    """Questions cover every module that the training record calls held out; documents come from no other."""
    held_out = set(training["data"]["held_out"])
    assert {question["module"] for question in questions} == held_out
    assert {document["module"] for document in documents} <= held_out


def test_calibration_text_shares_nothing_with_the_evaluation(
    calibration_rows: list[dict[str, Any]],
    questions: list[dict[str, Any]],
    documents: list[dict[str, Any]],
    training: dict[str, Any],
) -> None:
    """No module in common, and no run of three telling lines."""
    assert not {row["module"] for row in calibration_rows} & set(training["data"]["held_out"])
    evaluated = [document["text"] for document in documents]
    evaluated += [question["context"] + question["choices"][question["answer"]] for question in questions]
    known = set().union(*map(windows, evaluated))
    assert known
    assert not known & set().union(*(windows(row["text"]) for row in calibration_rows))


def test_calibration_text_has_the_promised_size(calibration_rows: list[dict[str, Any]]) -> None:
    """Between 256 and 512 KiB, each module once."""
    assert 256 * 1024 <= sum(len(row["text"].encode()) for row in calibration_rows) <= 512 * 1024
    assert len({row["module"] for row in calibration_rows}) == len(calibration_rows)


def encoder() -> Any:
    """Return a function from text to token ids of the shipped tokenizer."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    return lambda text: tokenizer.encode(text).ids


def test_documents_fit_the_context(documents: list[dict[str, Any]]) -> None:
    """One window each, whatever the engine's limit says beyond 1 024: the score depends on no window size."""
    encode = encoder()
    assert max(len(encode(document["text"])) for document in documents) <= 1022


def test_a_choice_starts_on_a_token_boundary(questions: list[dict[str, Any]]) -> None:
    """The tokens of the context, stripped as lm-eval strips it, begin the tokens of context and choice."""
    encode = encoder()
    for question in questions[::10]:
        context = encode(question["context"].rstrip())
        for choice in question["choices"]:
            assert encode(question["context"] + choice)[: len(context)] == context


def test_the_weights_are_bf16_and_small() -> None:
    """The file's own header says so: eight bytes of length, then JSON."""
    raw = (MODEL / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__")
    assert len(raw) <= 12_000_000
    assert {tensor["dtype"] for tensor in header.values()} == {"BF16"}
    assert all(size % 128 == 0 for tensor in header.values() for size in tensor["shape"])


def test_the_configuration_is_a_tied_llama_that_old_and_new_transformers_read() -> None:
    """`rope_theta` and `torch_dtype` stand at the top level, where version 4 looks for them."""
    config = json.loads((MODEL / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["tie_word_embeddings"] is True
    assert config["rope_theta"] == 10000.0
    assert config["torch_dtype"] == "bfloat16"
    assert config["hidden_size"] % 128 == config["intermediate_size"] % 128 == config["vocab_size"] % 128 == 0


def test_the_model_is_good_enough_to_measure_a_loss_of_accuracy(training: dict[str, Any]) -> None:
    """At least 45 % next lines and at most 1.6 bits per byte, on everything held out."""
    assert training["final"]["next_line_acc"] >= 0.45
    assert training["final"]["bits_per_byte"] <= 1.6
    assert training["final"]["held_out_bits_per_byte"] <= 1.6


def test_the_model_card_states_what_the_record_says(training: dict[str, Any]) -> None:
    """Digest, seed and token count of the card are those of the run."""
    card = (MODEL / "README.md").read_text(encoding="utf-8")
    assert training["data"]["sha256"] in card
    assert str(training["settings"]["seed"]) in card
    assert f"{training['run']['tokens']:,}" in card


def test_the_licence_of_the_training_data_ships_with_the_model() -> None:
    """The PSF licence asks that its notice be kept."""
    assert "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in (MODEL / "LICENSE").read_text(encoding="utf-8")


def library(folder: Path, **texts: str) -> Corpus:
    """Write `texts` as modules to `folder` and return its split."""
    for name, text in texts.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return split(folder)


def source(name: str, functions: int) -> str:
    """Return code of `functions` short functions, no two lines alike."""
    body = "".join(
        f"def {name}_{at}(argument_{at}):\n    {name}_value_{at} = {at} + argument_{at}\n    return {at}\n\n"
        for at in range(functions)
    )
    return f'"""The module {name}."""\n\n{body}'


def test_split_drops_tests_and_copies_of_held_out_modules(tmp_path: Path) -> None:
    """Neither a module's test nor a file that repeats its text teaches the model what it is asked."""
    corpus = library(
        tmp_path,
        held=source("held", 100),
        small=source("small", 10),
        copied="# A copy.\n" * 30 + source("held", 100)[:3000],
        test__test_held=source("test", 20),
        test__test_small=source("other", 20),
    )
    assert [module.path for module in corpus.held_out] == ["held.py"]
    assert [module.path for module in corpus.training] == ["small.py", "test/test_small.py"]


def test_the_digest_follows_the_text(tmp_path: Path) -> None:
    """One changed character gives another corpus."""
    first = library(tmp_path / "a", one=source("one", 10)).sha256()
    assert first == library(tmp_path / "b", one=source("one", 10)).sha256()
    assert first != library(tmp_path / "c", one=source("one", 11)).sha256()


def test_the_choice_of_modules_depends_on_the_seed_alone() -> None:
    """The order in which files are read makes no difference."""
    modules = [Module(f"m{at}.py", source(f"m{at}", 100)) for at in range(20)]
    chosen = choose_held_out(modules, 5)
    assert chosen == choose_held_out(reversed(modules), 5)
    assert chosen != choose_held_out(modules, 5, seed=1)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("test/test_json/test_decoder.py", True),
        ("test/test_json_decoder.py", True),
        ("test/test_json.py", True),
        ("test/test_decoder_errors.py", True),
        ("test/test_json/test_dump.py", False),
        ("json/encoder.py", False),
    ],
)
def test_test_files_are_matched_to_modules_by_name(path: str, *, expected: bool) -> None:
    """CPython names a test file after the module or its package."""
    assert covers(path, Module("json/decoder.py", "")) is expected


def test_distractors_look_like_the_true_line() -> None:
    """Same indentation, like length, not shown in the context and not a prefix."""
    lines = [
        *(f"    context_line_{at} = {at}" for at in range(8)),
        "    result = first_value",
        "    result = first_value + 1",
        "        deeper = other_value",
        "    answer = second_value",
        "    x = 1",
    ]
    assert distractors(lines, 8) == ["    answer = second_value"]


def test_pieces_are_whole_lines_of_at_least_the_size() -> None:
    """A rest that is too short is left out."""
    assert list(pieces("aa\nbb\ncc\ndd\nee\n", 6)) == ["aa\nbb\n", "cc\ndd\n"]


def test_items_are_the_same_each_time(tmp_path: Path) -> None:
    """Seeded choices: the same corpus gives the same questions, documents and calibration text."""
    corpus = library(tmp_path, held=source("held", 200), **{f"small_{at}": source(f"s{at}", 60) for at in range(3)})
    for make in (next_line, bits, calibration):
        assert make(corpus) == make(corpus) != []
