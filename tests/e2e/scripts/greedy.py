"""Loads checkpoints into real vLLM, one after the other in one process, and continues a prompt greedily.

Standard input: {"checkpoints": {name: folder}, "prompt": [token ids], "tokens": count, "dtype": "bfloat16"}.
Last line of standard output: {name: {"tokens": [...], "prompt_logprobs": [...]} or {"error": "..."}}.
"""

import gc
import json
import os
import sys


def main() -> None:
    """Answer one request."""
    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "TORCH_COMPILE_DISABLE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    answers = {name: _continue(folder, request) for name, folder in request["checkpoints"].items()}
    channel.write(json.dumps(answers) + "\n")
    channel.flush()


def _continue(folder: str, request: dict) -> dict:
    from vllm import LLM, SamplingParams  # noqa: PLC0415 -- after the environment is set

    prompt = request["prompt"]
    options = SamplingParams(
        temperature=0, max_tokens=request["tokens"], detokenize=False, prompt_logprobs=0, ignore_eos=True
    )
    try:
        engine = LLM(
            folder,
            dtype=request["dtype"],
            enforce_eager=True,
            max_model_len=len(prompt) + request["tokens"] + 8,
            max_num_seqs=2,
            gpu_memory_utilization=0.2,
        )
        answer = engine.generate([{"prompt_token_ids": prompt}], options, use_tqdm=False)[0]
    except Exception as problem:  # noqa: BLE001 -- whatever the engine says is the answer
        return {"error": f"{type(problem).__name__}: {problem}"}
    finally:
        engine = None
        gc.collect()
    scores = [entry[token].logprob for token, entry in zip(prompt[1:], answer.prompt_logprobs[1:], strict=True)]
    return {"tokens": list(answer.outputs[0].token_ids), "prompt_logprobs": scores}


if __name__ == "__main__":
    main()
