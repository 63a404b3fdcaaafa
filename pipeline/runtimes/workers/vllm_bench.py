"""Worker: offers load with vLLM's own benchmark.

Runs in the `vllm` environment, one process for all sweeps, because importing the benchmark takes many seconds.

`load`: nothing -> `version`.
`measure`: `base_url`, `model`, `tokenizer`, `concurrency`, `requests`, `input_tokens`, `output_tokens`, `warmups`,
`seed`, `trust_remote_code`, `output` (file) -> vLLM's result without its per-request lists, which stay in `output`. The
key comes in `OPENAI_API_KEY`.
"""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import worker_protocol
from worker_protocol import Channel

_PERCENTILES = "50,95,99"
_LISTS = ("input_lens", "output_lens", "start_times", "ttfts", "itls", "generated_texts", "errors")
_NOT_KEPT = ("generated_texts",)


def load(_request: dict[str, Any], _channel: Channel) -> dict[str, Any]:
    """Import the benchmark."""
    from vllm import __version__
    from vllm.benchmarks import serve

    return {"version": __version__, "module": serve.__name__}


def measure(request: dict[str, Any], _channel: Channel) -> dict[str, Any]:
    """Run the benchmark once at one concurrency."""
    from vllm.benchmarks import serve
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser()
    serve.add_cli_args(parser)
    namespace = parser.parse_args(_arguments(request))
    result = asyncio.run(serve.main_async(namespace))
    kept = {key: value for key, value in result.items() if key not in _NOT_KEPT}
    with gzip.open(Path(request["output"]), "wt", encoding="utf-8") as stream:
        json.dump(kept, stream, default=str)
    failures = [text for text in result.get("errors", ()) if text]
    summary = {key: value for key, value in result.items() if key not in _LISTS}
    return json.loads(json.dumps(summary, default=str)) | {"first_error": failures[0] if failures else None}


def _arguments(request: dict[str, Any]) -> list[str]:
    values = {
        "--backend": "openai",
        "--base-url": request["base_url"],
        "--endpoint": "/v1/completions",
        "--model": request["tokenizer"],
        "--served-model-name": request["model"],
        "--dataset-name": "random",
        "--random-input-len": request["input_tokens"],
        "--random-output-len": request["output_tokens"],
        "--num-prompts": request["requests"],
        "--max-concurrency": request["concurrency"],
        "--num-warmups": request["warmups"],
        "--seed": request["seed"],
        "--temperature": 0,
        "--percentile-metrics": "ttft,tpot,itl,e2el",
        "--metric-percentiles": _PERCENTILES,
        "--ready-check-timeout-sec": 0,
    }
    flags = ["--ignore-eos", "--save-detailed", "--disable-tqdm"]
    flags += ["--trust-remote-code"] if request["trust_remote_code"] else []
    return [*(str(part) for pair in values.items() for part in pair), *flags]


if __name__ == "__main__":
    worker_protocol.serve({"load": load, "measure": measure})
