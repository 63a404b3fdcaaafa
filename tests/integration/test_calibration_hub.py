"""Calibration from a data set on the hub: streamed, pinned, refused; the token stays where it is.

The real `datasets` asks the fake hub of `conftest.py`.
"""

import io
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from tests.fakes.hub import FakeHub

NAME = "maker/texts"
TOKEN = "hf_" + "MadeUpTokenForTheseTests1234567890"[:34]
BUILD = """
import json, sys
from pathlib import Path
from pipeline.base.errors import AwqctlError
from pipeline.quantize.calibration import build_calibration
from pipeline.recipe.calibration import Calibration
class Characters:
    def encode(self, text, *, add_special_tokens):
        return [ord(character) for character in text]
settings = Calibration.model_validate_json(sys.argv[1])
try:
    answer = build_calibration(settings, Path.cwd(), Characters(), Path.cwd()).facts.model_dump()
except AwqctlError as problem:
    answer = {"error": str(problem), "exit_code": problem.exit_code, "cause": repr(problem.__cause__)}
print(json.dumps(answer))
"""


@pytest.fixture
def hub(empty_hub: "FakeHub") -> "FakeHub":
    """A hub whose repository is a data set without files."""
    empty_hub.repository, empty_hub.kind = NAME, "datasets"
    empty_hub.push({})
    return empty_hub


def build(hub: "FakeHub", tmp_path: Path, column: str = "text", **environment: str) -> dict[str, Any]:
    """Return the facts of a calibration, or the error."""
    settings = {"source": NAME, "column": column, "blocks": 8, "block_tokens": 64}
    hub_environment = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hub-cache"),
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", BUILD, json.dumps(settings)],
        env={**os.environ, **hub_environment, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert TOKEN not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_only_what_is_needed_is_read(hub: "FakeHub", tmp_path: Path) -> None:
    """One shard of four gives the text; the commit tells which version it was."""
    generator = random.Random(0)  # noqa: S311 -- text that does not compress, not a secret
    for shard in range(4):
        table, shard_file = pa.table({"text": [generator.randbytes(1000).hex() for _ in range(2000)]}), io.BytesIO()
        pq.write_table(table, shard_file, row_group_size=500)
        hub.push({f"part-{shard}.parquet": shard_file.getvalue()})
    facts = build(hub, tmp_path)
    assert (facts["blocks"], facts["sources"][0]["texts_read"]) == (8, 1)
    assert facts["sources"][0]["identity"] == f"{NAME}@{hub.branches['main']}"
    assert 0 < hub.sent.total() < sum(len(content) for content in hub.files.values()) / 2


def test_a_missing_column_is_named_with_those_there_are(hub: "FakeHub", tmp_path: Path) -> None:
    """The same words as for a file."""
    hub.push({"a.jsonl": '{"body": "x"}\n'})
    answer = build(hub, tmp_path)
    assert answer["exit_code"] == 2
    assert f"Data set {NAME}, split train: no text under 'text' (found: body)" in answer["error"]


@pytest.mark.parametrize(
    ("status", "headers", "exit_code", "message"),
    [
        (404, {"X-Error-Code": "RepoNotFound"}, 2, "Check the name; for a gated data set accept its terms"),
        (403, {"X-Error-Code": "GatedRepo"}, 2, "is a gated dataset on the Hub. .*set HF_TOKEN"),
        (401, {"X-Error-Message": f"wrong Bearer {TOKEN}"}, 2, "401 Unauthorized.*set HF_TOKEN"),
    ],
)
def test_refusals_say_what_to_do_and_hold_no_token(
    hub: "FakeHub", tmp_path: Path, status: int, headers: dict[str, str], exit_code: int, message: str
) -> None:
    """Not there, gated, or a wrong token: the user's turn. No cause with request headers hangs on the error."""
    hub.refusal = (status, headers)
    answer = build(hub, tmp_path)
    assert (answer["exit_code"], answer["cause"]) == (exit_code, "None")
    assert re.search(message, answer["error"])


def test_a_hub_out_of_reach_is_the_machines_lack(hub: "FakeHub", tmp_path: Path) -> None:
    """The way out is a local copy."""
    answer = build(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert answer["exit_code"] == 4
    assert "Check the network, or copy the data here and give its file or folder." in answer["error"]
