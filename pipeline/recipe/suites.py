"""Sets of tasks by name. Metrics and few-shot counts are those of the publication named beside each set.

Names, metrics with their filters and few-shot counts were checked against the task files of lm-eval 0.4.13; a test
does it again. Where a task's file fixes its few-shot count at none, lm-eval takes no other.
"""

from typing import Literal

SuiteName = Literal["smoke", "quick", "standard", "code", "wikitext"]

SUITES: dict[SuiteName, tuple[dict[str, object], ...]] = {
    # Packaged: no network, seconds on two cores with a small model.
    "smoke": (
        {"name": "stdlib_next_line", "metric": "acc", "limit": 300},
        {"name": "stdlib_bits", "metric": "bits_per_byte", "limit": 20},
    ),
    # Without examples, except for GSM8K, which needs them to show the form of an answer; parts of the longer tasks.
    "quick": (
        {"name": "arc_challenge", "metric": "acc_norm", "num_fewshot": 0},
        {"name": "hellaswag", "metric": "acc_norm", "num_fewshot": 0, "limit": 2000},
        {"name": "winogrande", "metric": "acc", "num_fewshot": 0},
        {"name": "gsm8k", "metric": "exact_match,strict-match", "num_fewshot": 5, "limit": 300},
    ),
    # Open LLM Leaderboard v1, as its archive page lists it: ARC 25-shot, HellaSwag 10, MMLU 5, TruthfulQA 0 (mc2, with
    # six examples in its own prompt), WinoGrande 5, GSM8K 5. It ran an older lm-eval: its GSM8K is today's
    # `strict-match`, and its MMLU the mean over subjects, where today's weighs them by their items.
    "standard": (
        {"name": "arc_challenge", "metric": "acc_norm", "num_fewshot": 25},
        {"name": "hellaswag", "metric": "acc_norm", "num_fewshot": 10},
        {"name": "mmlu", "metric": "acc", "num_fewshot": 5},
        {"name": "truthfulqa_mc2", "metric": "acc", "num_fewshot": 0},
        {"name": "winogrande", "metric": "acc", "num_fewshot": 5},
        {"name": "gsm8k", "metric": "exact_match,strict-match", "num_fewshot": 5},
    ),
    # HumanEval: Chen et al. 2021, no examples. MBPP: Austin et al. 2021, three examples. pass@1 of greedy decoding.
    "code": (
        {"name": "humaneval", "metric": "pass@1", "num_fewshot": 0},
        {"name": "mbpp", "metric": "pass_at_1", "num_fewshot": 3},
    ),
    # WikiText-2, whole documents.
    "wikitext": ({"name": "wikitext", "metric": "bits_per_byte", "num_fewshot": 0},),
}
