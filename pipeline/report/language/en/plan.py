"""What the chapter on the plan says."""

from collections.abc import Mapping

from eval.bench.plan_errors import Quantity, Reason
from pipeline.report.language.en.words import Words


class PlanSentences(Words):
    """The plan held against the measurements."""

    title = "What the plan had said"
    absent = (
        "What the plan says was not held against measurements: `awqctl bench` was not run, or by an earlier version."
    )
    method = (
        "`awqctl plan` works out memory and speed from the model's configuration, the settings of the engine and the "
        "load, before anything runs. Here it is held against what was measured. The error is planned over measured, "
        "less one. Measured TTFT and TPOT are medians."
    )
    memory_table = "Memory, planned and measured"
    memory_columns = ("Figure", "Arm", "Planned (modelled)", "Measured", "Error", "Without corrections")
    speed_table = "Speed, planned and measured"
    speed_columns = (
        *("Concurrency", "Figure", "Arm", "Planned (modelled)", "Interval", "Measured", "Error"),
        *("Within", "Without corrections"),
    )
    files_note = (
        "Weights are per GPU. Where the engine does not tell what it holds, as on a processor, the size of the files "
        "stands for it."
    )
    speed_note = (
        "The knee is the lowest concurrency whose throughput no other one exceeds by more than a tenth, of the plan "
        "and of the measurements alike."
    )
    names: Mapping[Quantity, str] = {
        "weights_gib": "Weights, GiB",
        "kv_cache_gib": "KV cache, GiB",
        "kv_cache_tokens": "KV cache, tokens",
        "max_concurrency": "Requests of full length at once",
        "output_tokens_per_s": "Output tokens per second",
        "ttft_ms": "TTFT, ms",
        "tpot_ms": "TPOT, ms",
        "knee": "Knee, concurrency",
    }
    reasons: Mapping[Reason, str] = {
        "model": "no model of this configuration is planned",
        "quantization": "this quantization is not planned",
        "version": "the engine's version is not known",
        "GPU": "the GPU is not in the catalogue",
        "several kinds of GPUs": "the GPUs are not alike",
        "refused": "the plan said that it cannot run",
        "not calibrated": "not calibrated on this machine",
        "rates": "the rates of the GPU are not known",
        "computed": "computed, not measured",
        "stated": "stated, not planned",
        "not told": "the engine does not tell it",
        "void": "no measurement stands",
        "one concurrency": "takes two concurrencies",
        "shared prefill": "planned for a free engine alone",
    }
    inside: Mapping[bool, str] = {True: "yes", False: "no"}
    uncalibrated_processor = (
        "not calibrated on this machine: of a processor no speed is planned before `awqctl plan fit` has learned from "
        "a run on it"
    )
    uncalibrated_gpu = (
        "not calibrated on this GPU: speeds are planned with fractions from published runs (`awqctl plan fit` learns "
        "from runs of your own)"
    )

    mismatches: Mapping[str, str] = {
        "version": "its runs were made with another version of vLLM",
        "GPUs": "its runs were made with another number of GPUs",
        "size": "its runs were made with much smaller or larger models",
    }

    def uncalibrated(self, arms: str, *, on_cpu: bool, why: str | None) -> str:
        because = f"; {why}" if why else ""
        return f"{arms}: {self.uncalibrated_processor if on_cpu else self.uncalibrated_gpu}{because}."

    def calibrated(self, arms: str, runs: str) -> str:
        return f"{arms}: calibrated by {runs} of this machine."

    def in_sample(self, arms: str) -> str:
        return (
            f"{arms}: the corrections were fitted from this very run, so the errors with them flatter the plan; those "
            f"without corrections stand beside them."
        )

    def refused(self, arm: str, said: str) -> str:
        return f"{arm}: the plan said that this cannot run, and it ran. Its words: {said}"

    def within(self, inside: str, told: str) -> str:
        return f"The intervals of the planned speeds hold {inside} of {told} measured figures."
