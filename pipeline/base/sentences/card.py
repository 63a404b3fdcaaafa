"""What the model card says of the checkpoint; of its accuracy the report does."""

from collections.abc import Mapping, Sequence

from pipeline.base.format import grouping, listed


class CardSentences:
    """Headings, labels and sentences of a card, in the order in which they stand there."""

    not_measured = (
        "Not measured when these weights were made. `awqctl eval` measures it; `awqctl report` writes this card again "
        "with the result, as `report/model_card.md`."
    )
    base_heading = "Base model"
    method_heading = "Quantization"
    coverage_heading = "What is 4 bit"
    accuracy_heading = "Accuracy"
    use_heading = "Use"
    verify_heading = "Verify"
    licence_heading = "Licence"

    def title(self, source: str) -> str:
        return f"{source}, quantized to 4 bit with AWQ"

    model = "Model"
    revision = "Revision"
    local_folder = "a local folder, without a commit"
    digest = "SHA-256 over the sums of its weights and configuration"
    parameters = "Parameters"
    licence = "Licence"
    unknown = "unknown"

    method = "Method"
    method_text = "AWQ, activation-aware weight quantization (arXiv 2306.00978)"
    backend = "Backend"
    versions = "Versions"
    bits = "Bits and groups"
    format = "Format"
    calibration = "Calibration"
    weight_files = "Weight files"
    bits_per_weight = "Bits per weight"
    zero_points = "with zero points"
    symmetric = "symmetric"

    def listing(self, items: Sequence[str]) -> str:
        """Return `a`, `a and b`, `a, b and c`."""
        return listed(list(items))

    def grouping(self, group_size: int) -> str:
        """Return which weights share a scale; -1 stands for whole rows."""
        return grouping(group_size)

    def bits_text(self, bits: str, grouping: str, zero: str) -> str:
        return f"{bits} bit, {grouping}, {zero}"

    def calibration_text(self, source: str, blocks: str, tokens: str, seed: str) -> str:
        amount = "1 block" if blocks == "1" else f"{blocks} blocks"
        return f"{source}: {amount} of {tokens} tokens, seed {seed}"

    def weight_files_text(self, before: str, now: str) -> str:
        return f"{before} before, {now} now"

    def bits_per_weight_text(self, whole: str, quantized: str) -> str:
        return f"{whole} over all parameters, {quantized} in the 4-bit layers, scales and zero points included"

    def shares(self, in_4bit: str, scaled: str, of_model: str) -> str:
        return (
            f"Of the parameters of the linear layers that the recipe does not ignore {in_4bit} are 4 bit, and {scaled} "
            f"were scaled by AWQ; 4-bit layers that were not scaled were only rounded to nearest. Of all parameters of "
            f"the model {of_model} are 4 bit."
        )

    kinds_columns = ("Layers", "How many", "Scaled by AWQ", "Only rounded", "16 bit")
    in_16bit = "In 16 bit:"
    never_quantized = "embeddings, norms and biases, because AWQ quantizes the weights of linear layers only"
    left_reasons: Mapping[str, str] = {
        "router": "router",
        "ignored by the recipe": "ignored by the recipe",
        "the backend left it": "the backend left it",
        "": "no reason recorded",
    }
    """Why a layer stayed in 16 bit, by what the audit keeps."""

    def left_reason(self, reason: str) -> str:
        """Return why layers stayed in 16 bit."""
        return self.left_reasons.get(reason, reason)

    def and_more(self, names: str, more: str) -> str:
        return f"{names} and {more} more"

    no_flag = (
        "Pass no `--quantization` flag: vLLM reads the format from `config.json` and chooses its kernel by itself; the "
        "flag can\nforce a slower one."
    )
    folder_of_weights = "PATH_OF_THIS_FOLDER"

    def verifies(self, digest: str) -> str:
        return (
            f"It recomputes the SHA-256 of every file but this card and compares it with `awqctl-manifest.json`. "
            f"Digest of the checkpoint, the card left out, too: {digest}."
        )

    licence_unknown = "The base model does not state its licence. Find it out before you pass these weights on."

    def licence_known(self, licence: str) -> str:
        return (
            f"The base model is offered under: {licence}. Its terms hold for weights derived from it as far as they "
            f"say so; read them before you pass these weights on."
        )

    def licence_files(self, files: str) -> str:
        return f"Taken over from the base model, beside this card: {files}."

    no_licence_files = "The base model came without a licence or notice file."
