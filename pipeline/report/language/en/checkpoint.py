"""What the chapter on the quantized checkpoint says, and the method of how it was made."""

from pipeline.report.language.en.words import Words


class Checkpoint(Words):
    """Its facts, what became of the linear layers, and the lines of the method on quantization and control."""

    title = "Quantized checkpoint"
    absent = "Nothing was quantized: `awqctl quantize` was not run."
    bits_per_weight = (
        "Bits per weight include scales and zero points. Layers that stay at 16 bit, such as embeddings, "
        "raise the figure of the whole model above that of the quantized layers."
    )
    card = (
        "Publish the checkpoint with `report/model_card.md` as its README.md: the card in its folder states what "
        "quantizing knows, and this one the measured accuracy, too."
    )
    limit_one = "One quantization with one calibration set and one seed was measured."

    def shares(self, in_4bit: str, scaled: str, of_model: str) -> str:
        return (
            f"Of the parameters of the linear layers that the recipe does not ignore {in_4bit} are "
            f"4 bit, and {scaled} were scaled by AWQ before rounding. Of all parameters of the "
            f"model, embeddings and head included, {of_model} are 4 bit."
        )

    def equivalence(self, change: str) -> str:
        return (
            f"AWQ's scaling alone must not change what the model computes: before anything was rounded, the largest "
            f"relative change of an output through it was {change}."
        )

    coverage = "What became of the linear layers"
    coverage_columns = (
        "Kind",
        "Layers",
        "Scaled by AWQ",
        "Only rounded",
        "16 bit",
        "Share of all parameters",
        "Weight error",
        "Its bound",
        "Output error, AWQ / rounded",
    )

    def coverage_note(self, layers: str, grouping: str) -> str:
        return (
            f"Weight error: largest relative error of a layer's weights against the source, in "
            f"{layers} that were compared, beside the bound that 4 bit, "
            f"{grouping} and clipping allow. Output error: mean squared error on the calibration "
            f"text after scaling over that of plain rounding; below 1 AWQ helped there."
        )

    facts = "Facts"
    facts_note = "Sizes, times and bits per weight are measured. `awqctl verify checkpoint` recomputes the sums."
    source = "Source model"
    commit = "Source commit"
    no_commit = "none (a folder)"
    licence = "Licence"
    no_licence = "unknown"
    backend = "Backend"
    format = "Format"
    bits = "Bits, group size"
    zero_points = "with zero points"
    symmetric = "symmetric"
    parameters = "Parameters"
    in_4bit = "Of those now 4 bit"
    bits_whole = "Bits per weight, whole model"
    bits_quantized = "Bits per weight, quantized layers"
    source_bytes = "Weight files of the source"
    checkpoint_bytes = "Weight files of the checkpoint"
    calibration = "Calibration"
    recalled = "Searches recalled from an attempt that broke off"
    seconds = "Time to quantize"
    memory = "Peak memory while quantizing"
    gpu_memory = "Peak GPU memory while quantizing"
    digest = "Checkpoint digest (SHA-256)"
    control_digest = "Digest of the round-to-nearest control"

    def bits_text(self, bits: str, grouping: str, zero: str) -> str:
        return f"{bits} bit, {grouping}, {zero}"

    def in_4bit_text(self, parameters: str, share: str, layers: str) -> str:
        return f"{parameters} ({share}) in {layers}"

    def calibration_text(self, source: str, blocks: str, tokens: str) -> str:
        return f"{source}: {blocks} of {tokens} tokens"

    chosen = ", chosen by `auto`"

    def only_rounded(self, share: str) -> str:
        return f"; a further {share} were only rounded"

    def method(self, backend: str, seed: str, bits: str, scaled: str, rest: str) -> str:
        return (
            f"Quantization: {backend}. AWQ scales the inputs of linear layers by the activations seen on "
            f"calibration text (seed {seed}), so that rounding to {bits} bit costs less. "
            f"Of the parameters of the linear layers that the recipe does not ignore {scaled} "
            f"were scaled and rounded{rest}."
        )

    control_scored = "It is scored for accuracy beside the others"
    control_compared = "The alarm compares AWQ with it"

    def control_method(self, bits: str, grouping: str, use: str) -> str:
        return (
            f"Control: the same source rounded to nearest in {bits} bit, {grouping}, without scales "
            f"from AWQ. {use}, and no gate applies to it."
        )
