"""What the chapter on where the time goes says."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class ProfileSentences(Words):
    """One paragraph, a table per arm, and the files."""

    title = "Where the time goes"
    columns = ("Operation", "Calls", "Self time, ms", "Share")
    kinds: Mapping[str, str] = {"kernels": "kernels of the GPU", "operators": "operators on the CPU"}
    traces = "Recordings"
    trace_columns = ("File", "Size", "SHA-256")
    perfetto = "https://ui.perfetto.dev opens the traces; Nsight Systems opens its own files."

    def method(self, steps: str, concurrency: str, prompt: str, answer: str) -> str:
        return (
            f"vLLM's profiler recorded at most {steps} of each arm's engine with {concurrency} requests under way, "
            f"{prompt} tokens in and {answer} out. Recording slows the engine down, so these engines were started for "
            f"it alone: the shares count, and no speed is taken from them."
        )

    def table(self, arm: str, kind: str) -> str:
        return f"{arm}: costliest {kind}"

    def note(self, kernel: str) -> str:
        return f"Self time is without what an operation calls. Linear layers: {kernel}."
