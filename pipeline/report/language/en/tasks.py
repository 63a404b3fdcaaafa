"""What the tasks of an evaluation ask, and what their scores are, in plain sentences."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class Tasks(Words):
    """By lm-eval's names: the packaged tasks and those of the suites."""

    title = "What the tasks ask"
    columns = ("Task", "What it asks", "What the score is")
    meanings: Mapping[str, str] = {
        "stdlib_next_line": (
            "Which of four lines comes next in a Python file of the standard library; guessing gets a quarter right."
        ),
        "stdlib_bits": "How well the model predicts Python files of the standard library that it has not seen.",
        "arc_challenge": (
            "Science questions of school exams with four answers to choose from, the ones that are hard to look up."
        ),
        "hellaswag": "Which of four endings a short everyday story has: common sense.",
        "winogrande": "Whom or what a pronoun stands for in a sentence, out of two: common sense in reading.",
        "gsm8k": "Sums in words of primary school that take several steps; the model writes the number out.",
        "mmlu": "Exam questions of 57 subjects from law to medicine with four answers to choose from: knowledge.",
        "truthfulqa_mc2": "Questions to which a widespread answer is wrong: whether the model prefers the true ones.",
        "humaneval": "Python functions to write from their description; tests decide whether they work.",
        "mbpp": "Short Python programs to write from a sentence; tests decide whether they work.",
        "wikitext": "How well the model predicts whole articles of Wikipedia.",
    }
    metrics: Mapping[str, str] = {
        "acc": "share of items answered right",
        "acc_norm": "share of items answered right, long answers not put at a disadvantage",
        "exact_match": "share of items whose answer is exactly the right one",
        "f1": "share of the words that answer and reference have in common",
        "pass@1": "share of programs that pass their tests at the first try",
        "pass_at_1": "share of programs that pass their tests at the first try",
        "bits_per_byte": "bits that the model needs per byte of text; lower is better",
        "word_perplexity": "how surprised the model is by a word; lower is better",
        "mc2": "share of probability that the true answers get",
    }
    unknown = "This report has no plain sentence for it; lm-eval's file of the task describes it."
    unknown_metric = "as lm-eval defines it"

    def own_questions(self, file: str) -> str:
        return f"Questions of your own, from {file}."
