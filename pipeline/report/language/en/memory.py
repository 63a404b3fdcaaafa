"""What the chapter on memory says."""

from collections.abc import Mapping

from eval.bench.engine_proof import MemorySource
from pipeline.report.comparison import Basis
from pipeline.report.language.en.words import Words


class Memory(Words):
    """One paragraph and two tables."""

    title = "Memory"
    absent = "Memory was not compared: `awqctl bench` was not run."
    table = "Memory"
    item = "Item"
    files = "Weight files on disk"
    cache = "KV cache, tokens"
    start = "Engine start, s"
    weights = "Weights in the engine, GiB"
    parts: Mapping[str, str] = {
        "kv_cache_gib": "KV cache, GiB",
        "rest_gib": "Rest under load, GiB",
        "activation_peak_gib": "Activations at most, GiB",
        "graphs_gib": "CUDA graphs, GiB",
    }
    peak = "Peak under load, GiB"
    peak_of: Mapping[MemorySource, str] = {
        "device": (
            "The peak is all that was in use on the fullest GPU of the engine, sampled once a second under the load."
        ),
        "processes": (
            "The peak is what the engine's processes held of the system's memory, sampled once a second under the load."
        ),
    }
    notes: Mapping[str, str] = {
        "files": "The CPU engine does not report the memory of its weights; the size of the files stands for it.",
        "engine": "The engine states its memory at start, rounded to 0.01 GiB.",
        "configuration": (
            "The CPU engine does not report the memory of its weights; it is calculated from the configuration."
        ),
    }

    proof = "What ran"
    kernel = "Kernel of the linear layers"
    integer_math = "Weights and activations of the CPU's 4-bit kernel"
    dtype = "Data type of activations"
    kv_cache_dtype = "Data type of the KV cache"
    attention = "Attention backend"
    compilation = "Compilation"
    graphs = "CUDA graphs"
    variables = "Variables of the engine"
    proof_note = "In the engine's own words, from its log."
    no_attention_backend = "On the CPU it does not name its attention backend."
    free_memory = (
        "Memory that the weights leave free goes to the KV cache, so smaller weights let more requests run at once."
    )

    basis: Mapping[Basis, str] = {
        "engine": "as the engine reports it at start",
        "parameters": "AWQ file size against 16 bits per parameter, because the source files hold more than 16",
        "files": "from the sizes of the weight files",
        "configuration": "calculated from the model's configuration",
    }

    def requests(self, tokens: str) -> str:
        return f"Requests of {tokens} tokens at once"

    def weights_sentence(self, before: str, after: str, ratio: str, basis: str, cache: str) -> str:
        return f"The weights take {before} before and {after} with AWQ, a factor of {ratio} ({basis}). {cache}"

    def fixed_cache(self, gib: str) -> str:
        return f"On the CPU the KV cache has a fixed size ({gib} GiB), so smaller weights do not enlarge it."
