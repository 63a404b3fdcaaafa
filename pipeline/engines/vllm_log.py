"""Everything that is looked for in vLLM's log: memory, kernel, settings, stages of the start, and why it died.

`LINES` and the other tables are all that depends on vLLM's words. `phrases()` gives them as they stand in vLLM's
source, so that a check against a new version of it needs no GPU.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.errors import EngineError
from pipeline.engines.engine import StatedMemory
from pipeline.runtimes.rootcause import cause_of_death, signal_of


@dataclass(frozen=True)
class LogLine:
    """One line of the log: how it is read, and what it is in the source."""

    pattern: re.Pattern[str]
    phrases: tuple[str, ...]
    """String literals of vLLM's source, or contiguous parts of them, that write it."""


LINES = {
    "weights": LogLine(re.compile(r"Model loading took ([\d.]+) GiB"), ("Model loading took %s GiB memory",)),
    "kv_cache": LogLine(re.compile(r"KV cache size: ([\d,]+) tokens"), ("KV cache size: %s tokens",)),
    "concurrency": LogLine(
        re.compile(r"Maximum concurrency for [\d,]+ tokens per request: ([\d.]+)x"),
        ("Maximum concurrency for %s tokens per request: %.2fx",),
    ),
    "kernel": LogLine(
        re.compile(r"(?:Using|Selected) (\w+) for (\w*(?:AWQ|GPTQ|Compressed|WNA16|Fp8)\w*)"),
        ("Using %s for AutoAWQMarlinLinearMethod", "Using %s for CompressedTensorsWNA16", "Selected %s for %s"),
    ),
    "slow_kernel": LogLine(
        re.compile(r"Falling back to ((?:unoptimized AWQ|Moe WNA16) kernels)"),
        ("Falling back to unoptimized AWQ kernels", "Falling back to Moe WNA16 kernels"),
    ),
    "config": LogLine(
        re.compile(r"Initializing a V1 LLM engine \([^)]*\) with config: (.*)"),
        ("Initializing a V1 LLM engine (v%s) with config: %s",),
    ),
    "sampling": LogLine(
        re.compile(r"Default vLLM sampling parameters have been overridden by .*?: `(.*?)`"),
        ("Default vLLM sampling parameters have been overridden by %s: `%s`",),
    ),
    "attention": LogLine(re.compile(r"Using (\w+) attention backend"), ("Using %s attention backend",)),
    "kv_cache_memory": LogLine(
        re.compile(
            r"(?:Available KV cache memory: |(?:Explicitly|Auto) set \()([\d.]+)(?: GiB|/[\d.]+\) GiB for KV cache)"
        ),
        (
            "Available KV cache memory: %s GiB",
            "Explicitly set (%s/%s) GiB for KV cache",
            "Auto set (%s/%s) GiB for KV cache",
        ),
    ),
    "profile": LogLine(
        re.compile(
            r"Actual usage is ([\d.]+) GiB for consumed memory \(weights \+ non-torch\), "
            r"([\d.]+) GiB for peak activation, and ([\d.]+) GiB for CUDAGraph memory"
        ),
        (
            (
                "Actual usage is %s GiB for consumed memory (weights + non-torch), %s GiB for peak activation, and %s "
                "GiB for CUDAGraph memory"
            ),
        ),
    ),
}
MODES = {"compilation": "CompilationMode", "graphs": "CUDAGraphMode"}
"""What is chosen -> the class of vLLM's whose name and choice stand in the line of the configuration."""
_ADVICE = "Use the version that `awqctl env sync vllm` installs."
_SETTING = re.compile(r"(?:^|, )(\w+)=([^,]*)")
"""In the line of the configuration."""
STAGES = (
    ("Starting to load model", "loading weights"),
    ("Loading weights took", "preparing"),
    ("KV cache size", "warming up"),
    ("Starting vLLM", "opening the port"),
)
"""What stands in the log, and what the engine does from there on."""
CONSEQUENCES = (
    "Engine core initialization failed",
    "EngineCore encountered",
    "EngineCore failed",
    "See root cause above",
)
"""Errors that another one caused."""
DEATHS = ("died unexpectedly", "EngineDeadError", "EngineCore encountered an issue")
"""What the others say of a process that was killed, and could say nothing itself."""
_WORKER_STATUS = re.compile(r"(?:exit code:?|Failed core proc\(s\): \{'[^']*':) (-\d+)")
"""Below zero: the signal that ended a worker process."""
COMPARED = (
    *("dtype", "max_seq_len", "kv_cache_dtype", "tokenizer_mode", "speculative_config", "device_config", "seed"),
    *("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "decode_context_parallel_size"),
    *("enforce_eager", "enable_prefix_caching", "enable_chunked_prefill"),
)
"""Settings that change scores, by their names in the line of the configuration."""


def phrases() -> tuple[str, ...]:
    """Return everything that must stand in vLLM's source word for word, for the log to be understood."""
    lines = (phrase for line in LINES.values() for phrase in line.phrases)
    settings = (f"{name}=" for name in COMPARED)
    return (*lines, *MODES.values(), *(mark for mark, _ in STAGES), *CONSEQUENCES, *DEATHS, *settings)


@dataclass(frozen=True)
class EngineReport:
    """What the engine says about itself in its log at start."""

    weights_gib: float | None
    """None on the CPU, where vLLM does not say."""
    kv_cache_tokens: int
    max_concurrency: float
    kernel: str
    """The class that multiplies the linear layers; `unquantized` for 16-bit weights."""
    memory: StatedMemory
    compilation: str | None
    """vLLM's name of how the model is compiled; `NONE` for not at all."""
    graphs: str | None
    """vLLM's name of which steps are replayed as CUDA graphs; `NONE` for none."""


def parse_report(log: str, path: Path | None = None) -> EngineReport:
    """Return memory and kernel from the text of an engine log.

    Raises:
        EngineError: the log does not state them; the vLLM version is not one this program knows.
    """
    weights, cache, concurrency = (LINES[name].pattern.search(log) for name in ("weights", "kv_cache", "concurrency"))
    if not (cache and concurrency):
        raise EngineError(f"vLLM's log does not state its memory in the words this version knows. {_ADVICE}", log=path)
    kernels = (f"{name} ({method})" for name, method in LINES["kernel"].pattern.findall(log))
    kernel = " + ".join(dict.fromkeys([*kernels, *LINES["slow_kernel"].pattern.findall(log)])) or "unquantized"
    return EngineReport(
        weights_gib=float(weights[1]) if weights else None,
        kv_cache_tokens=int(cache[1].replace(",", "")),
        max_concurrency=float(concurrency[1]),
        kernel=kernel,
        memory=_stated_memory(log),
        **{chosen: _mode(name, log) for chosen, name in MODES.items()},
    )


def _stated_memory(log: str) -> StatedMemory:
    """Return the memory of the fullest of several GPUs, which is the one that runs out first."""
    caches = [float(gib) for gib in LINES["kv_cache_memory"].pattern.findall(log)]
    profiles = [tuple(map(float, profile)) for profile in LINES["profile"].pattern.findall(log)]
    _, activations, graphs = max(profiles, key=sum, default=(None, None, None))
    return StatedMemory(
        kv_cache_gib=min(caches, default=None),
        activation_peak_gib=activations,
        graphs_gib=graphs,
    )


def _mode(name: str, log: str) -> str | None:
    found = re.search(rf"<{name}\.(\w+)", log)
    return found[1] if found else None


def parse_settings(log: str, path: Path | None = None) -> dict[str, str]:
    """Return the settings that change scores, by vLLM's names, from the text of an engine log.

    `attention_backend` is there where vLLM names it (on GPUs); `default_sampling` is empty where vLLM's own defaults
    hold.

    Raises:
        EngineError: the log does not state them; the vLLM version is not one this program knows.
    """
    line = LINES["config"].pattern.search(log)
    # The first of a name counts: what is nested comes later.
    values = {} if line is None else dict(reversed(_SETTING.findall(line[1])))
    settings = {name: values[name] for name in COMPARED if name in values}
    if not settings.keys() >= {"dtype", "max_seq_len", "kv_cache_dtype"}:
        raise EngineError(
            f"vLLM's log does not state its settings in the words this version knows. {_ADVICE}", log=path
        )
    sampling = LINES["sampling"].pattern.search(log)
    backends = sorted(set(LINES["attention"].pattern.findall(log)))
    settings["default_sampling"] = sampling[1] if sampling else ""
    return settings | ({"attention_backend": ", ".join(backends)} if backends else {})


def stage_of(log: str) -> str:
    """Return what an engine that starts is doing, in words."""
    reached = [text for mark, text in STAGES if mark in log]
    return reached[-1] if reached else "importing"


def death_of(log: str, status: int | None = None) -> str:
    """Return why the engine ended, as one sentence.

    Args:
        log: its text.
        status: exit status of the server; None while that runs. Its worker processes are told of in the log.
    """
    if signal_of(status) is None and (found := _WORKER_STATUS.search(log)):
        return f"one of its processes ended: {cause_of_death(int(found[1]), '')}"
    return cause_of_death(status, log, consequences=CONSEQUENCES, deaths=DEATHS)
