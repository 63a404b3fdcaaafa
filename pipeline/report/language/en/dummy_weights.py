"""What is said of weights that the engine made up."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class DummyWeightsSentences(Words):
    """The first finding, the cover, and what is recommended instead."""

    topic = "Weights"
    headline = "Dummy weights: speed and memory only."
    on_cover = "dummy weights, made up by the engine: speed and memory only"
    configurations: Mapping[str, str] = {"config.json": "config.json", "catalogue": "entry in the catalogue of models"}
    tokenizers: Mapping[str, str] = {
        "own": "",
        "stand-in": " Its tokenizer was not there: prompts and answers are of made-up words, one token each.",
    }
    recommendation = (
        "No recommendation: the weights were made up by the engine, so this run says something of speed and memory, "
        "and nothing of accuracy or costs."
    )
    next_step = (
        "Get the model, quantize it and measure it: `awqctl run` with a recipe that has the sections quantize and "
        "eval, and without dummy weights."
    )

    one_detail = (
        "The engine made them up from the source model's configuration: the kernels are those of real ones, the "
        "answers mean nothing, so this arm was not evaluated and is not priced."
    )

    def one_headline(self, arm: str) -> str:
        return f"{arm}: dummy weights, speed and memory only."

    def detail(self, model: str, configuration: str, tokenizer: str) -> str:
        return (
            f"The engine made the weights up from the {configuration} of {model}; the kernels are those of real ones, "
            f"the answers mean nothing.{tokenizer}"
        )
