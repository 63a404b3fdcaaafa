"""The lm-eval worker: a real process with the real lm-eval, against a fake completions server.

The fake is for faults and for counting what is asked. Real engines are in the end-to-end tests.
"""

import contextlib
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import psutil
import pytest
from tokenizers import Tokenizer

from eval.accuracy.questions import write_tasks
from eval.accuracy.tasks import check_tasks
from eval.comparison.scores import read_scores
from pipeline.base.errors import RecipeError, WorkerError
from pipeline.recipe.eval import Eval, EvalTask
from pipeline.recipe.suites import SUITES
from pipeline.runtimes.worker import Worker, worker_script
from tests.fakes.completions import FakeCompletions
from tests.helpers import RecordingReporter

DEMO = Path(str(resources.files("recipes"))) / "demo" / "model"
PACKAGED = str(Path(str(resources.files("eval"))) / "tasks")
TEMPLATE = (
    "{{ bos_token }}{{ strftime_now('%d %b %Y') }}"
    "{% for message in messages %}[{{ message.role }}]{{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
BATCH = 8


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The demo model's tokenizer."""
    return Tokenizer.from_file(str(DEMO / "tokenizer.json"))


def fake(tokenizer: Tokenizer) -> FakeCompletions:
    """Return a server that is not started yet."""
    return FakeCompletions(lambda ids: str(tokenizer.decode(ids, skip_special_tokens=False)))


@pytest.fixture
def server(tokenizer: Tokenizer) -> Iterator[FakeCompletions]:
    """A fresh fake server."""
    with fake(tokenizer) as running:
        yield running


def start(folder: Path, notes: RecordingReporter, environment: dict[str, str] | None = None) -> Worker:
    """Return a worker process."""
    script, log = worker_script("lm_eval_scores"), folder / "worker.log"
    index = {
        "AWQCTL_TASK_INDEX": str(folder.parent / "dry-run-home" / "lm-eval-tasks.json")
    }  # of the whole test session
    return Worker(Path(sys.executable), script, log=log, reporter=notes, environment=index | (environment or {}))


@pytest.fixture(scope="module")
def notes() -> RecordingReporter:
    """What the worker said."""
    return RecordingReporter()


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, notes: RecordingReporter) -> Iterator[Worker]:
    """One worker for all tests that do not kill it: its start takes seconds."""
    with start(tmp_path_factory.mktemp("worker"), notes) as process:
        yield process


def request(server: FakeCompletions, folder: Path, **changes: Any) -> dict[str, Any]:
    """Return a request for 20 questions of the packaged task."""
    return {
        "task": "stdlib_next_line",
        "include_path": [PACKAGED],
        "base_url": server.url,
        "model": "model",
        "tokenizer": str(DEMO),
        "max_length": 512,
        "num_concurrent": 2,
        "num_fewshot": None,
        "limit": 20,
        "trust_remote_code": False,
        "seed": 1234,
        "output": str(folder / "results"),
        "cache": str(folder / "responses.jsonl"),
        "meta": {"weights": "a"},
    } | changes


def score(worker: Worker, server: FakeCompletions, folder: Path, **changes: Any) -> dict[str, Any]:
    """Return the answer to a request, with lm-eval's results and samples read."""
    answer = worker.call("score", request(server, folder, **changes), "scoring")
    samples = [json.loads(line) for line in Path(answer["samples_file"]).read_text().splitlines()]
    return answer | {"results": json.loads(Path(answer["results_file"]).read_text()), "samples": samples}


def values(answer: dict[str, Any]) -> Any:
    """Return what must not depend on how often an evaluation was interrupted."""
    return answer["results"]["results"], [(row["doc_id"], row["filtered_resps"]) for row in answer["samples"]]


def call_and_fail(worker: Worker, wanted: dict[str, Any]) -> None:
    """Make a call whose worker is going to be killed."""
    with contextlib.suppress(WorkerError):
        worker.call("score", wanted, "scoring")


def worker_processes() -> Iterator[psutil.Process]:
    """Yield the workers below this process; not their guardians."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if command[1:] and command[1].endswith("lm_eval_scores.py"):
                yield process


def test_a_killed_evaluation_asks_only_what_is_missing(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """SIGKILL in the middle loses the requests in flight alone, and the scores are those of an undisturbed run."""
    whole = score(worker, server, tmp_path, cache=None)
    server.prompts.clear()
    server.faults.hold_after = 4 * BATCH
    others = set(worker_processes())
    with start(tmp_path, RecordingReporter()) as killed:
        caller = threading.Thread(target=call_and_fail, args=(killed, request(server, tmp_path)))
        caller.start()
        assert server.held.wait(120)
        for process in set(worker_processes()) - others:
            process.kill()
        caller.join()
    kept = tmp_path / "responses.jsonl"
    with kept.open("a") as stream:
        stream.write('["cut in the mid')
    server.faults.hold_after = None
    server.prompts.clear()
    rest = score(worker, server, tmp_path)
    recalled = len(kept.read_text().splitlines()) - 1 - rest["asked"]
    assert 0 < recalled == rest["recalled"]
    assert len(server.prompts) == rest["asked"] == 80 - recalled
    assert recalled >= 2 * BATCH  # of four answered batches, two may have been on their way
    assert values(rest) == values(whole)


def test_larger_limit_asks_only_the_new_items(
    server: FakeCompletions, worker: Worker, notes: RecordingReporter, tmp_path: Path
) -> None:
    """What is known stays known when the recipe asks for more; four choices per question; progress is of the rest."""
    assert score(worker, server, tmp_path, limit=5)["asked"] == 20
    notes.updates.clear()
    more = score(worker, server, tmp_path, limit=8)
    assert (more["recalled"], more["asked"], len(server.prompts)) == (20, 12, 32)
    assert more["results"]["n-samples"]["stdlib_next_line"]["effective"] == 8
    assert notes.updates[-1][:2] == (12, 12)


def test_what_is_stored_whole_needs_no_server(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """Without an address nothing is asked: the same scores where every response is stored, else how many are not."""
    missing = worker.call("score", request(server, tmp_path, base_url=None), "scoring")
    assert missing["missing"] > 0
    assert "results_file" not in missing
    asked = score(worker, server, tmp_path)
    server.prompts.clear()
    recalled = score(worker, server, tmp_path, base_url=None)
    assert (recalled["missing"], recalled["asked"], server.prompts) == (0, 0, [])
    assert values(recalled) == values(asked)
    more = worker.call("score", request(server, tmp_path, base_url=None, limit=25), "scoring")
    assert more == {"missing": more["missing"]}
    assert values(score(worker, server, tmp_path)) == values(asked)


def test_rolling_documents_are_kept_as_well(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """Windows of documents survive, one in flight, and give the same bits per byte; lm-eval's own cache fails here."""
    task = {"task": "stdlib_bits", "limit": 6, "max_length": 200, "num_concurrent": 1}
    first = score(worker, server, tmp_path, **task)
    asked = len(server.prompts)
    again = score(worker, server, tmp_path, **task)
    assert (first["asked"], again["recalled"], again["asked"]) == (asked, asked, 0)
    assert asked > 6
    assert values(again) == values(first)


def test_other_weights_are_never_answered_from_the_file(
    server: FakeCompletions, worker: Worker, notes: RecordingReporter, tmp_path: Path
) -> None:
    """Another `meta`, or another longest sequence, asks everything again and says so."""
    score(worker, server, tmp_path, limit=5)
    notes.updates.clear()
    other = score(worker, server, tmp_path, limit=5, meta={"weights": "b"})
    shorter = score(worker, server, tmp_path, limit=5, meta={"weights": "b"}, max_length=400)
    assert (other["recalled"], shorter["recalled"]) == (0, 0)
    said = [text for *_, text in notes.updates]
    assert said.count("scoring: responses.jsonl is of other weights or settings; all responses are asked again") == 2
    assert len(server.prompts) == 60


@pytest.mark.parametrize("damage", [b"SQLite format 3\0 or whatever", b"", b'{"format":1}\n["key"]\n', b"\xff\n"])
def test_damaged_file_is_begun_anew(
    server: FakeCompletions, worker: Worker, notes: RecordingReporter, tmp_path: Path, damage: bytes
) -> None:
    """What cannot be read is asked again with a note; it is no error."""
    notes.updates.clear()
    (tmp_path / "responses.jsonl").write_bytes(damage)
    assert score(worker, server, tmp_path, limit=5)["asked"] == 20
    assert "scoring: responses.jsonl is damaged; all responses are asked again" in [text for *_, text in notes.updates]
    assert score(worker, server, tmp_path, limit=5)["recalled"] == 20


def test_a_lost_server_is_an_error_and_a_new_one_goes_on(
    server: FakeCompletions, worker: Worker, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    """When the engine dies the call fails; on the address of a fresh engine it asks the rest."""
    server.faults.die_after = 2 * BATCH
    with pytest.raises(WorkerError, match="ServerLostError: the connection was lost 3 times"):
        score(worker, server, tmp_path)
    with fake(tokenizer) as fresh:
        answer = score(worker, fresh, tmp_path)
    assert (answer["recalled"], answer["asked"]) == (80 - len(fresh.prompts), len(fresh.prompts))
    assert BATCH <= answer["recalled"] < 80


def test_a_refused_request_is_an_error(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """HTTP 400 becomes no score; the message is the server's, and the request is not repeated."""
    server.faults.refuse_after = 2 * BATCH
    with pytest.raises(WorkerError, match=r"HTTP 400: .*this prompt has more tokens than the context"):
        score(worker, server, tmp_path)


def test_an_incomplete_response_is_an_error(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """Scores that are missing are not taken from a neighbour."""
    server.faults.shorten = True
    with pytest.raises(WorkerError, match=r"MalformedResponseError: .* 8 prompts is incomplete"):
        score(worker, server, tmp_path)


def test_prompts_that_are_cut_are_counted(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """lm-eval cuts long prompts at their beginning; the count is the same when responses are recalled."""
    first = score(worker, server, tmp_path, max_length=60)
    again = score(worker, server, tmp_path, max_length=60)
    assert 0 < first["cut"] == again["cut"]
    assert score(worker, server, tmp_path)["cut"] == 0


def chat_tokenizer(folder: Path) -> Path:
    """Return the demo tokenizer with a chat template that writes BOS, and a setting that adds BOS to plain text."""
    for path in DEMO.glob("*token*"):
        shutil.copy(path, folder)
    settings = json.loads((DEMO / "tokenizer_config.json").read_text()) | {"chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    document = json.loads((DEMO / "tokenizer.json").read_text())
    bos = settings["bos_token"]
    number = next(one["id"] for one in document["added_tokens"] if one["content"] == bos)
    document["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {bos: {"id": bos, "ids": [number], "tokens": [bos]}},
    }
    (folder / "tokenizer.json").write_text(json.dumps(document))
    return folder


def test_chat_template_is_applied_once(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """Requests carry one BOS, a fixed day, the system prompt, examples as turns, and one generation prompt."""
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    bos = json.loads((DEMO / "tokenizer_config.json").read_text())["bos_token"]
    (tmp_path / "mine.jsonl").write_text(
        "\n".join(json.dumps({"prompt": f"Which is {n}?", "choices": ["one", "two"], "answer": 0}) for n in range(4))
    )
    write_tasks([EvalTask(name="mine", questions="mine.jsonl", num_fewshot=2)], tmp_path, tmp_path / "tasks")
    answer = score(
        worker,
        server,
        tmp_path,
        task="mine",
        include_path=[PACKAGED, str(tmp_path / "tasks")],
        tokenizer=str(chat_tokenizer(folder)),
        num_fewshot=2,
        chat_template=True,
        system_instruction="Be brief.",
    )
    shots = "[user]Which is 0?[assistant]one[user]Which is 1?[assistant]one"
    assert server.asked == {
        f"{bos}26 Jul 2024[system]Be brief.{shots}[user]Which is {n}?[assistant]{choice}"
        for n in (2, 3)
        for choice in ("one", "two")
    }
    assert answer["results"]["chat_template"] == TEMPLATE
    assert answer["results"]["system_instruction"] == "Be brief."
    assert len(answer["results"]["chat_template_sha"]) == len(answer["results"]["task_hashes"]["mine"]) == 64


def test_plain_prompts_get_the_bos_token_of_their_tokenizer(
    server: FakeCompletions, worker: Worker, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """Once, where the tokenizer adds it to a text; also before documents of rolling log-likelihoods."""
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    score(worker, server, tmp_path, limit=2, tokenizer=str(chat_tokenizer(folder)))
    score(worker, server, tmp_path, limit=2, tokenizer=str(folder), task="stdlib_bits", max_length=2000)
    begins = {tuple(token == prompt[0] for token in prompt[:2]) for prompt in server.prompts}
    assert begins == {(True, False)}
    assert {prompt[0] for prompt in server.prompts} == {tokenizer.token_to_id("<|endoftext|>")}


def test_own_questions_are_asked_literally(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """Braces, Jinja and tags in prompts and choices reach the server as they were written."""
    prompt = "{{ 7 * 7 }} {% raw %} !function os.system ${HOME} {0}\n- a: b # c\nAnswer:"
    choices = ["{{ x }}", "['a', 'b']", "7"]
    rows = [{"prompt": prompt, "choices": choices, "answer": answer} for answer in ("C", 1)]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    write_tasks([EvalTask(name="mine", questions="mine.jsonl")], tmp_path, tmp_path / "tasks")
    folders = [PACKAGED, str(tmp_path / "tasks")]
    answer = score(worker, server, tmp_path, task="mine", include_path=folders, limit=None)
    assert server.asked == {f"{prompt} {choice}" for choice in choices}
    assert [row["target"] for row in answer["samples"]] == [2, 1]
    assert set(answer["results"]["results"]["mine"]) >= {"acc,none", "acc_norm,none"}


def test_own_questions_with_a_reference(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """Texts are generated greedily, compared without white space around them, kept, and counted by words for F1."""
    rows = [
        {"prompt": "Capital of France?\nAnswer:", "reference": ["Lyon", "Paris"]},
        {"prompt": "Capital of Italy?\nAnswer:", "reference": "the city of Rome"},
        {"prompt": "Capital of Spain?\nAnswer:", "reference": "Madrid"},
    ]
    server.texts = {"France": " Paris ", "Italy": " City of Milan!"}
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    write_tasks([EvalTask(name="mine", questions="mine.jsonl")], tmp_path, tmp_path / "tasks")
    wanted = {"task": "mine", "include_path": [PACKAGED, str(tmp_path / "tasks")], "limit": None}
    answer = score(worker, server, tmp_path, **wanted)
    found = [(row["exact_match"], row["f1"]) for row in answer["samples"]]
    assert found == [(1.0, 1.0), (0.0, pytest.approx(2 / 3)), (0.0, 0.0)]
    assert score(worker, server, tmp_path, **wanted)["recalled"] == 3
    with pytest.raises(WorkerError, match=r"generates up to 256 tokens, which leaves no room .* context of 200"):
        score(worker, server, tmp_path, **wanted, max_length=200)


def own_questions(folder: Path, *names: str) -> None:
    """Write task files of one question with a reference."""
    (folder / "mine.jsonl").write_text(json.dumps({"prompt": "Capital of Spain?", "reference": "Madrid"}))
    write_tasks([EvalTask(name=name, questions="mine.jsonl") for name in names], folder, folder / "tasks")


def scored_by(folder: Path, function: str, more: tuple[str, ...]) -> list[str]:
    """Let a function of the test's own score the tasks, with more lines in each file; return the task folders."""
    for number, lines in enumerate(more):
        path = folder / "tasks" / f"questions_{number}.yaml"
        path.write_text(path.read_text().replace("questions_data.score", function) + lines)
    return [PACKAGED, str(folder / "tasks")]


def test_sampled_texts_are_never_recalled(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """Another sample is another text."""
    own_questions(tmp_path, "mine")
    path = tmp_path / "tasks" / "questions_0.yaml"
    path.write_text(path.read_text().replace("do_sample: false", "do_sample: true\n  temperature: 0.7"))
    wanted = {"task": "mine", "include_path": [PACKAGED, str(tmp_path / "tasks")], "limit": None}
    assert [score(worker, server, tmp_path, **wanted)["recalled"] for _ in range(2)] == [0, 0]


def test_code_is_executed_only_where_it_is_allowed(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """A task that is marked so is named by `check`, refused without consent, and has it for its own time alone."""
    (tmp_path / "mine.jsonl").write_text(json.dumps({"prompt": "Capital of Spain?", "reference": "Madrid"}))
    tasks = [EvalTask(name=name, questions="mine.jsonl") for name in ("code", "plain")]
    write_tasks(tasks, tmp_path, tmp_path / "tasks")
    (tmp_path / "tasks" / "asking.py").write_text(
        "import os\ndef score(doc, results):\n"
        "    return {'exact_match': float(os.environ.get('HF_ALLOW_CODE_EVAL') == '1'), 'f1': 0.0}\n"
    )
    for number, unsafe in enumerate(("unsafe_code: true\n", "")):
        path = tmp_path / "tasks" / f"questions_{number}.yaml"
        path.write_text(path.read_text().replace("questions_data.score", "asking.score") + unsafe)
    folders = [PACKAGED, str(tmp_path / "tasks")]
    asked = worker.call("check", {"tasks": ["code", "plain"], "include_path": folders}, "checking")
    assert asked["unsafe"] == ["code"]
    wanted = {"include_path": folders, "limit": None}
    with pytest.raises(WorkerError, match="marked as unsafe"):
        score(worker, server, tmp_path, task="code", **wanted)
    found = [
        score(worker, server, tmp_path, task=task, unsafe_code=unsafe, **wanted)["samples"][0]["exact_match"]
        for task, unsafe in (("code", True), ("plain", False))
    ]
    assert found == [1.0, 0.0]


def test_secrets_are_out_of_reach_of_executed_code(server: FakeCompletions, tmp_path: Path) -> None:
    """A child of the worker finds no token, key or password in its environment; the server still gets its key.

    They are back for the next task, whose data may need the token.
    """
    secrets = {"HF_TOKEN": "hf_x", "HUGGING_FACE_HUB_TOKEN": "hf_y", "OPENAI_API_KEY": "sk_z"}
    secrets |= {"HTTPS_PROXY": "http://me:hidden@proxy:1"}
    own_questions(tmp_path, "code", "plain")
    (tmp_path / "tasks" / "asking.py").write_text(
        "import os, subprocess\nfrom pathlib import Path\n"
        "def score(doc, results):\n"
        "    said = subprocess.run(['env'], capture_output=True, text=True).stdout\n"
        "    allowed = os.environ.get('HF_ALLOW_CODE_EVAL', '0')\n"
        "    (Path(__file__).parent / f'environment-{allowed}').write_text(said)\n"
        "    return {'exact_match': 1.0, 'f1': 1.0}\n"
    )
    folders = scored_by(tmp_path, "asking.score", ("unsafe_code: true\n", ""))
    with start(tmp_path, RecordingReporter(), secrets) as process:
        for task, unsafe in (("code", True), ("plain", False)):
            score(process, server, tmp_path, task=task, unsafe_code=unsafe, include_path=folders, limit=None)
    executed, other = ((tmp_path / "tasks" / f"environment-{allowed}").read_text() for allowed in "10")
    assert [value for value in secrets.values() if value in executed] == []
    assert [value for value in secrets.values() if value in other] == list(secrets.values())
    assert server.keys == {"Bearer sk_z"}


def test_numbers_of_numpy_are_numbers(server: FakeCompletions, worker: Worker, tmp_path: Path) -> None:
    """As in lm-eval's own files; as texts they could not be paired."""
    own_questions(tmp_path, "mine")
    (tmp_path / "tasks" / "numbers.py").write_text(
        "import numpy as np\ndef score(doc, results):\n"
        "    return {'exact_match': np.bool_(True), 'f1': np.float32(0.5) if doc['prompt'] else np.int64(1)}\n"
    )
    folders = scored_by(tmp_path, "numbers.score", ("",))
    answer = score(worker, server, tmp_path, task="mine", include_path=folders, limit=None)
    assert [(row["exact_match"], row["f1"]) for row in answer["samples"]] == [(True, 0.5)]
    files = Path(answer["results_file"]), Path(answer["samples_file"])
    assert read_scores(*files, "mine", "exact_match").contributions is not None


def test_names_of_other_tasks_are_taken(worker: Worker, tmp_path: Path) -> None:
    """Own questions would be asked in place of a task, in every group that has it; a name of its own is free."""
    names = ("mmlu", "mmlu_anatomy", "stdlib_bits", "ai2_arc", "mine")
    own_questions(tmp_path, *names)
    own = str(tmp_path / "tasks")
    asked = {"tasks": list(names), "include_path": [PACKAGED, own], "questions": own}
    answer = worker.call("check", asked, "checking")
    assert answer["taken"] == ["ai2_arc", "mmlu", "mmlu_anatomy", "stdlib_bits"]
    settings = Eval.model_validate({"margin": 0.1, "tasks": [{"questions": f"{name}.jsonl"} for name in names]})
    with pytest.raises(RecipeError, match=r"ai2_arc, mmlu, .*another task has this name"):
        check_tasks(settings, dict.fromkeys(names, "exact_match"), answer)
    assert worker.call("check", asked | {"questions": None}, "checking")["taken"] == []


def test_check_tells_what_cannot_be_measured(worker: Worker, tmp_path: Path) -> None:
    """Unknown names, tasks that execute code, metrics with their filters, and fixed few-shot counts, without data."""
    names = ["stdlib_bits", "gsm8k", "mmlu", "humaneval", "truthfulqa_mc2", "nosuch"]
    answer = worker.call("check", {"tasks": names, "include_path": [PACKAGED]}, "checking")
    assert (answer["unknown"], answer["unsafe"]) == (["nosuch"], ["humaneval"])
    said = answer["tasks"]
    assert said["stdlib_bits"]["metrics"]["bits_per_byte"] is False
    assert {"exact_match", "exact_match,strict-match"} <= set(said["gsm8k"]["metrics"])
    assert (said["mmlu"]["subtasks"], said["mmlu"]["metrics"]["acc"]) == (57, True)
    assert not said["humaneval"]["complete"]
    assert (said["truthfulqa_mc2"]["no_fewshot"], said["gsm8k"]["no_fewshot"]) == (True, False)


@pytest.mark.parametrize("suite", list(SUITES))
def test_suites_name_real_tasks_and_metrics(worker: Worker, suite: str) -> None:
    """lm-eval knows every task of every suite, its metric, and takes its number of examples."""
    settings = Eval.model_validate({"suite": suite, "margin": 0.01, "unsafe_code": True})
    metrics = {task.name: task.metric or "" for task in settings.all_tasks}
    request = {"tasks": list(metrics), "include_path": [PACKAGED]}
    check_tasks(settings, metrics, worker.call("check", request, "checking"))


def test_documents_counts_items(worker: Worker, tmp_path: Path) -> None:
    """Items to ask, items there are, and the items as text."""
    wanted = [{"name": "stdlib_next_line", "limit": 7}, {"name": "stdlib_bits", "limit": None}]
    request = {"tasks": wanted, "include_path": [PACKAGED], "output": str(tmp_path / "items.jsonl")}
    answer = worker.call("documents", request, "reading")
    lines = (tmp_path / "items.jsonl").read_text().splitlines()
    counts = answer["tasks"]
    assert (counts["stdlib_next_line"]["items"], answer["documents"]) == (7, len(lines))
    assert counts["stdlib_next_line"]["available"] > 7
    assert (counts["stdlib_next_line"]["choices"], set(counts["stdlib_bits"]["choices"])) == ({"4": 7}, {"0"})
    assert counts["stdlib_bits"]["items"] == counts["stdlib_bits"]["available"] == len(lines) - 7
