"""Models of a hub: pinned, followed, refused; tokens that stay where they are.

`model_info` and `snapshot_download` of the real client library ask the fake hub of `conftest.py`.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from pipeline.runtimes.process import engine_environment
from tests.helpers import command

if TYPE_CHECKING:
    from tests.fakes.hub import FakeHub

REPOSITORY = "maker/tiny"
TOKEN = "hf_" + "MadeUpTokenForTheseTests1234567890"[:34]
ROOT = Path(__file__).parents[2]
DEMO = ROOT / "recipes" / "demo" / "model"
WEIGHTS = b"16-bit weights "
RESOLVE = """
import dataclasses, json, sys
from pathlib import Path
from pipeline.base.errors import AwqctlError
from pipeline.recipe.model import ModelSource
from pipeline.models import identify_source, resolve_source
request = json.loads(sys.argv[1])
source = ModelSource(**request["model"])
try:
    named = identify_source(source, Path.cwd(), request["earlier"])
    answer = {"identity": named.name, "note": named.note}
    if request["resolve"]:
        answer |= dataclasses.asdict(resolve_source(source, Path.cwd()))
except AwqctlError as problem:
    answer = {"error": str(problem), "exit_code": problem.exit_code}
print(json.dumps(answer, default=str))
"""


@pytest.fixture
def hub(empty_hub: "FakeHub") -> "FakeHub":
    """A hub with one model in one commit, and things beside it that must not be fetched."""
    pickled = dict.fromkeys(
        ("pytorch_model.bin", "optimizer.pt", "training_args.bin", "state.pkl", "old.ckpt"), b"pickle"
    )
    model = {
        "config.json": b'{"model_type": "llama", "rope_theta": 10000.0, "hidden_size": 64}',
        "tokenizer.json": b"{}",
        "model.safetensors": WEIGHTS,
        "README.md": b"---\nlicense: mit\n---\n",
    }
    beside = {
        "consolidated.safetensors": b"the same again",
        "modeling_tiny.py": b"from .layers import Layer\n",
        "layers.py": b"class Layer: ...\n",
    }
    empty_hub.push({**model, **pickled, **beside})
    return empty_hub


class Client:
    """Runs the product against a hub, with a cache and a home of its own."""

    def __init__(self, hub: "FakeHub", folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ},
            "HOME": str(folder / "user"),
            "HF_HOME": str(folder / "hf"),
            "HF_ENDPOINT": hub.url,
            "AWQCTL_HOME": str(folder / "home"),
        }

    def resolve(self, *, earlier: str | None = None, resolve: bool = True, **model: object) -> dict[str, Any]:
        """Return what identity and resolution of a model say."""
        request = {"model": {"source": REPOSITORY, **model}, "earlier": earlier, "resolve": resolve}
        command = [sys.executable, "-c", RESOLVE, json.dumps(request)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=self.environment, timeout=120)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture
def client(hub: "FakeHub", tmp_path: Path) -> Client:
    """A client of the hub."""
    return Client(hub, tmp_path)


def test_branch_is_a_commit_and_only_what_is_needed_is_fetched(hub: "FakeHub", client: Client) -> None:
    """Identity and record name the commit; no pickle, no Python file and no second copy of the weights is asked for."""
    answer = client.resolve()
    commit = hub.branches["main"]
    assert (answer["identity"], answer["commit"], answer["note"]) == (f"{REPOSITORY}@{commit}", commit, None)
    assert Path(answer["path"]).name == commit
    assert hub.fetched() == {"config.json", "tokenizer.json", "model.safetensors", "README.md"}
    assert {path.name for path in Path(answer["path"]).iterdir()} == hub.fetched()


def test_a_download_says_how_far_it_is(hub: "FakeHub", client: Client, tmp_path: Path) -> None:
    """Bytes of all that had to come, all of them at the end; nothing is drawn, and nothing said of what is there."""
    hub.push({"model.safetensors": WEIGHTS * 10_000})
    code = (
        "import sys; from pathlib import Path\n"
        "from pipeline.models import resolve_source\nfrom pipeline.recipe.model import ModelSource\n"
        "from tests.helpers import RecordingReporter\n"
        "task = RecordingReporter(); resolve_source(ModelSource(source=sys.argv[1]), Path.cwd(), task=task)\n"
        "print(task.updates[-1:])"
    )
    line = [sys.executable, "-c", code, REPOSITORY]
    environment = client.environment | {"PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    said = [subprocess.run(line, capture_output=True, text=True, check=True, env=environment) for _ in range(2)]
    size = len(WEIGHTS) * 10_000
    assert said[0].stdout.strip() == f"[({size}, {size}, 'downloading {REPOSITORY}')]"
    assert (said[1].stdout.strip(), said[0].stderr) == ("[]", "")


def test_branch_that_moves_during_the_download(hub: "FakeHub", client: Client) -> None:
    """All files are of the commit that was named first."""
    first = hub.branches["main"]
    hub.moves_to = hub.push({"config.json": '{"model_type": "other"}', "model.safetensors": b"others"})
    hub.branches["main"] = first
    answer = client.resolve()
    assert hub.branches["main"] == hub.moves_to
    assert (answer["identity"], answer["commit"]) == (f"{REPOSITORY}@{first}", first)
    assert (Path(answer["path"]) / "model.safetensors").read_bytes() == WEIGHTS
    assert client.resolve(resolve=False)["identity"] == f"{REPOSITORY}@{hub.moves_to}"


def test_hub_out_of_reach_leaves_the_cached_commit_and_a_note(hub: "FakeHub", client: Client) -> None:
    """Without a network the cache answers for the branch, and says that it may be behind."""
    first = client.resolve()["commit"]
    hub.push({"tokenizer.json": '{"new": 1}'})
    asked = len(hub.asked)
    client.environment["HF_HUB_OFFLINE"] = "1"
    offline = client.resolve()
    assert (offline["commit"], "newer commit is not known" in offline["note"], len(hub.asked)) == (first, True, asked)
    client.environment |= {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9"}
    assert client.resolve()["note"] == offline["note"]


def test_hub_out_of_reach_and_nothing_cached(client: Client) -> None:
    """It ends with code 4, except for a name that a finished result was recorded with."""
    client.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
    answer = client.resolve()
    assert (answer["exit_code"], "cannot be reached" in answer["error"]) == (4, True)
    earlier = client.resolve(earlier=f"{REPOSITORY}@{'a' * 40}", resolve=False)
    assert (earlier["identity"], "cannot be reached" in earlier["note"]) == (f"{REPOSITORY}@{'a' * 40}", True)


@pytest.mark.parametrize("model", [{"source": "maker/other"}, {"revision": "nosuch"}, {"source": "maker/a..b"}])
def test_unknown_model_or_revision(client: Client, model: dict[str, str]) -> None:
    """The hub's refusal is a sentence with code 2."""
    answer = client.resolve(**model)
    assert (answer["exit_code"], "that you may read" in answer["error"]) == (2, True)


def test_pinned_commit_needs_no_question(hub: "FakeHub", client: Client) -> None:
    """A commit is taken at its word, even when the branch is elsewhere."""
    first = hub.branches["main"]
    hub.push({"tokenizer.json": '{"new": 1}'})
    assert client.resolve(revision=first, resolve=False)["identity"] == f"{REPOSITORY}@{first}"
    assert hub.asked == []
    assert client.resolve(revision=first)["commit"] == first


def test_pickles_only(hub: "FakeHub", client: Client) -> None:
    """A model without safetensors is refused, and its pickles are not fetched to find that out."""
    hub.push({"model.safetensors": b"", "consolidated.safetensors": b""})
    answer = client.resolve()
    assert (answer["exit_code"], "pickled weights are not read" in answer["error"]) == (2, True)
    assert hub.fetched() == {"config.json", "tokenizer.json", "README.md"}


AUTO_MAP = {"model_type": "tiny", "auto_map": {"AutoModelForCausalLM": "modeling_tiny.TinyForCausalLM"}}


def test_code_is_refused_before_the_weights_are_fetched(hub: "FakeHub", client: Client) -> None:
    """Files, classes and the way to allow it are named; neither code nor weights were asked for."""
    commit = hub.push({"config.json": AUTO_MAP})
    answer = client.resolve()
    assert answer["exit_code"] == 2
    for part in ("modeling_tiny.py", "config.json: modeling_tiny.TinyForCausalLM", f"model.revision={commit}"):
        assert part in answer["error"]
    assert not {name for name in hub.fetched() if name.endswith((".py", ".safetensors"))}


def test_trust_in_a_branch_is_refused_without_a_question(hub: "FakeHub", client: Client) -> None:
    """What a branch holds tomorrow was not read today."""
    answer = client.resolve(trust_remote_code=True, resolve=True, revision="main")
    assert (answer["exit_code"], "full 40-digit commit" in answer["error"], hub.fetched()) == (2, True, set())


def test_trusted_code_of_a_pinned_commit(hub: "FakeHub", client: Client) -> None:
    """The Python files come along and are listed with what they import."""
    commit = hub.push({"config.json": AUTO_MAP})
    answer = client.resolve(trust_remote_code=True, revision=commit)
    assert (answer["trust_remote_code"], answer["code"]["files"]) == (True, ["layers.py", "modeling_tiny.py"])
    assert {"layers.py", "modeling_tiny.py"} <= {path.name for path in Path(answer["path"]).iterdir()}


def test_what_changed_between_two_commits(hub: "FakeHub", client: Client, tmp_path: Path) -> None:
    """Commits, files, keys, weights and tokenizer are told from the manifest and the new commit."""
    old = client.resolve()
    config = {"model_type": "llama", "rope_theta": 500000.0, "vocab_size": 32}
    new = hub.push({"config.json": config, "model.safetensors": b"new"})
    code = """
import json, sys
from pathlib import Path
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import ManifestSource
from pipeline.recipe.model import ModelSource
from pipeline.models import resolve_source, source_changes
old = Path(sys.argv[1])
files = {name: entry for name, entry in sum_files(old).items() if name.endswith((".safetensors", ".json"))}
before = ManifestSource(reference=sys.argv[2], commit=old.name, licence="mit", files=files)
print(json.dumps(source_changes(before, resolve_source(ModelSource(source=sys.argv[2]), Path.cwd()))))
"""
    command = [sys.executable, "-c", code, old["path"], REPOSITORY]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=client.environment, timeout=120)
    assert json.loads(done.stdout) == [
        f"{REPOSITORY} moved from commit {old['commit'][:12]} to commit {new[:12]}.",
        "Changed: config.json, model.safetensors.",
        "config.json: hidden_size 64 -> (absent).",
        "config.json: rope_theta 10000.0 -> 500000.0.",
        "config.json: vocab_size (absent) -> 32.",
        "The weights changed; the tokenizer is the same.",
    ]


def test_model_that_needs_a_token(hub: "FakeHub", client: Client) -> None:
    """Without one it is refused with the way to give one; the environment and the hub's own file both do."""
    hub.token = TOKEN
    refused = client.resolve()
    assert (refused["exit_code"], "set HF_TOKEN" in refused["error"]) == (2, True)
    (client.folder / "hf").mkdir(exist_ok=True)
    (client.folder / "hf" / "token").write_text(TOKEN)
    assert client.resolve(resolve=False)["identity"] == f"{REPOSITORY}@{hub.branches['main']}"
    (client.folder / "hf" / "token").unlink()
    client.environment["HF_TOKEN"] = "mist\u00e4ken"
    assert "The hub token holds characters that no token has" in client.resolve()["error"]
    client.environment["HF_TOKEN"] = TOKEN
    assert client.resolve()["commit"] == hub.branches["main"]


def test_token_is_nowhere_but_in_the_request(hub: "FakeHub", client: Client, tmp_path: Path) -> None:
    """`awqctl quantize` fails late, with everything fetched: no file, output or command line holds the token."""
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    hub.token = TOKEN
    hub.push({"model.safetensors.index.json": index})
    client.environment["HF_TOKEN"] = TOKEN
    settings = (f"model.source={REPOSITORY}", "engine.accelerator=cpu")
    line = command("quantize", "demo", "--verbose", settings=settings)
    seen: set[str] = set()
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=client.environment, cwd=tmp_path
    ) as process:
        while process.poll() is None:
            seen |= command_lines(process.pid)
            threading.Event().wait(0.05)
        output = "".join(process.communicate())
    assert (process.returncode, "lacks model-2.safetensors" in output) == (2, True), output
    assert f"Bearer {TOKEN}" in hub.authorizations
    assert any("pipeline.cli" in line for line in seen)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"record.json", "mlflow.db"} <= {path.name for path in files}
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert [text for text in (output, *seen) if TOKEN in text] == []


def command_lines(pid: int) -> set[str]:
    """Return the command lines of a process and all below it."""
    try:
        root = psutil.Process(pid)
        return {" ".join(process.cmdline()) for process in (root, *root.children(recursive=True))}
    except psutil.Error:
        return set()


def test_engines_cannot_ask_the_hub(hub: "FakeHub", client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment that engines get, the hub's client stays offline and finds no token."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HOME", client.environment["HOME"])
    code = """
import huggingface_hub
print(huggingface_hub.get_token())
try: huggingface_hub.snapshot_download("maker/tiny")
except Exception as problem: print(type(problem).__name__)
"""
    environment = engine_environment({name: client.environment[name] for name in ("HF_HOME", "HF_ENDPOINT")})
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert (done.stdout.split(), hub.asked) == (["None", "LocalEntryNotFoundError"], [])


def test_tokenizer_of_a_fetched_model_asks_nobody(hub: "FakeHub", client: Client) -> None:
    """After the download the tokenizer is loaded from the disk alone, with the hub in reach."""
    hub.push({path.name: path.read_bytes() for path in DEMO.glob("*token*.json")})
    folder = client.resolve()["path"]
    asked = len(hub.asked)
    code = "import sys; from pathlib import Path; from pipeline.quantize.calibration import load_tokenizer\n"
    code += "print(load_tokenizer(Path(sys.argv[1])).encode('a b', add_special_tokens=False) != [])"
    command = [sys.executable, "-c", code, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=client.environment, timeout=120)
    assert (done.stdout.strip(), len(hub.asked)) == ("True", asked)
