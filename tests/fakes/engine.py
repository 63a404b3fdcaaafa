"""A stand-in for the whole of vLLM, as the interpreter that `AWQCTL_RUNTIME_VLLM` names: start, log, scores, end.

Standard library only. It takes vLLM's command line, writes the lines of vLLM's start that this project reads, and
answers `/v1/completions` with log-probabilities that the tokens alone decide, so that every arm scores alike. It runs
in the environment that engines get, which passes nothing on: how it behaves stands in the program that `interpreter`
writes.
"""

import argparse
import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[2]
CONFIG = (
    "model='{model}', dtype=torch.bfloat16, max_seq_len={max_len}, tensor_parallel_size=1, kv_cache_dtype=auto, "
    "device_config=cpu, seed=0, enforce_eager=True, enable_prefix_caching=True, enable_chunked_prefill=True"
)
VOCABULARY = 4096
_ROUTES: dict[str, dict[str, Any]] = {
    "/version": {"version": "0.0.0"},
    "/v1/models": {"object": "list", "data": [{"id": "model"}]},
}


def interpreter(folder: Path, *, load_s: float = 0.0, answer_s: float = 0.0, refuses: str | None = None) -> Path:
    """Write a program that takes the place of vLLM's Python; return it.

    Args:
        folder: for the program.
        load_s: how long the weights are loaded.
        answer_s: how long each request takes.
        refuses: an option that it does not know.
    """
    path = folder / "fake-vllm"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(REPO)!r})\n"
        f"from tests.fakes.engine import main\n"
        f"main(sys.argv[1:], load_s={load_s}, answer_s={answer_s}, refuses={refuses!r})\n"
    )
    path.chmod(0o755)
    return path


def main(arguments: list[str], *, load_s: float, answer_s: float, refuses: str | None) -> None:
    """Start as vLLM does and serve until killed."""
    parser = argparse.ArgumentParser(prog="api_server.py", allow_abbrev=False)
    parser.add_argument("-P", action="store_true")
    parser.add_argument("-m")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--max-model-len", type=int, default=1024)
    known, rest = parser.parse_known_args(arguments)
    if refuses in rest:
        parser.error(f"unrecognized arguments: {refuses}")
    quantized = "quantization_config" in json.loads((known.model / "config.json").read_text())
    config = CONFIG.format(model=known.model, max_len=known.max_model_len)
    _say(f"Initializing a V1 LLM engine (v0.0.0) with config: {config}")
    _say("Starting to load model")
    time.sleep(load_s)
    if quantized:
        _say("Using FakeWNA16LinearKernel for AWQLinearMethod")
    _say("Loading weights took 0.01 seconds")
    _say("KV cache size: 65,536 tokens")
    _say(f"Maximum concurrency for {known.max_model_len:,} tokens per request: 64.00x")
    _say("Starting vLLM server")
    ThreadingHTTPServer((known.host, known.port), _handler(answer_s)).serve_forever()


def _say(line: str) -> None:
    print(f"(APIServer pid=1) INFO 01-01 00:00:00 [fake.py:1] {line}", flush=True)


def _handler(answer_s: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._document(_ROUTES.get(self.path, {}))

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(answer_s)
            prompts = request["prompt"]
            prompts = prompts if isinstance(prompts[0], list) else [prompts]
            self._document({"choices": [_choice(at, ids, request) for at, ids in enumerate(prompts)]})

        def _document(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _choice(at: int, ids: list[int], request: dict[str, Any]) -> dict[str, Any]:
    scores = [-_share(ids[: end + 1]) for end in range(1, len(ids))]
    choice: dict[str, Any] = {"index": at, "text": "nothing\n", "finish_reason": "length"}
    if request.get("echo"):
        scores.append(-1.0)  # of the token that is generated
        likely = [{"x": score} for score in scores]
        choice |= {"text": "", "logprobs": {"token_logprobs": [None, *scores], "top_logprobs": [None, *likely]}}
    if count := request.get("prompt_logprobs"):
        choice["prompt_logprobs"] = [None, *(_likely(ids[: end + 1], count) for end in range(1, len(ids)))]
    return choice


def _likely(ids: list[int], count: int) -> dict[str, dict[str, float]]:
    """Return the most likely next tokens of a text, by rank."""
    first = int(_share(ids) * VOCABULARY / 8)
    return {
        str((first + rank) % VOCABULARY): {"logprob": -0.5 - 0.3 * rank, "rank": rank} for rank in range(1, count + 1)
    }


def _share(ids: list[int]) -> float:
    """Return a number from 0 to 8 that the last tokens alone decide."""
    return int.from_bytes(hashlib.sha256(str(ids[-16:]).encode()).digest()[:4], "little") / 2**29
