"""What the load client says when it ends."""

from eval.bench.load.client import cause_of

FULL_DISK = """\
(Bench pid=1) INFO 11-29 16:40:08 [benchmark.rs:353] loading tokenizer tokenizer="cl100k_base"
(Bench pid=1) ERROR 11-29 16:40:08 [cmd/src/main.rs:110] process failed with error: Benchmark failed

Caused by these errors (recent errors listed first):
  1: IO error
  2: No space left on device (os error 28)

"""


def test_first_cause_is_told() -> None:
    """And not what followed from it."""
    assert cause_of(FULL_DISK) == "No space left on device (os error 28)."


def test_without_causes_its_error_is_told() -> None:
    """As it stands in the log."""
    assert cause_of(FULL_DISK.partition("\nCaused")[0]) == "Benchmark failed."
