"""What the chapter on memory says."""

from collections.abc import Mapping

from pipeline.report.comparison import Basis
from pipeline.report.language.en.words import Words


class Memory(Words):
    """One paragraph and one table."""

    title = "Memory"
    absent = "Memory was not compared: `awqctl bench` was not run."
    table = "Memory and engine"
    columns = ("Item", "Baseline", "AWQ")
    files = "Weight files on disk"
    cache = "KV cache, tokens"
    start = "Engine start, s"
    dtype = "Data type of activations"
    weights = "Weights in the engine, GiB"
    note_files = "The CPU engine does not report the memory of its weights; the size of the files stands for it."
    note_engine = "The engine states its memory at start, rounded to 0.01 GiB."
    free_memory = (
        "Memory that the weights leave free goes to the KV cache, so smaller weights let more requests run at once."
    )

    basis: Mapping[Basis, str] = {
        "engine": "as the engine reports it at start",
        "parameters": "AWQ file size against 16 bits per parameter, because the source files hold more than 16",
        "files": "from the sizes of the weight files",
    }

    def requests(self, tokens: str) -> str:
        return f"Requests of {tokens} tokens at once"

    def weights_sentence(self, before: str, after: str, ratio: str, basis: str, cache: str) -> str:
        return f"The weights take {before} before and {after} with AWQ, a factor of {ratio} ({basis}). {cache}"

    def fixed_cache(self, gib: str) -> str:
        return f"On the CPU the KV cache has a fixed size ({gib} GiB), so smaller weights do not enlarge it."
