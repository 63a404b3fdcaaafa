"""An engine's arguments as a command line has them."""

from eval.bench.arguments import options_of, workers_of


def test_options_have_their_values() -> None:
    """Values of their own, after `=`, several of them, negative numbers, and none."""
    line = ("--dtype", "bfloat16", "--seed=3", "--skip-layers", "0", "1", "--bias", "-1.5", "--enforce-eager")
    assert options_of(line) == {
        "dtype": "bfloat16",
        "seed": "3",
        "skip-layers": "0 1",
        "bias": "-1.5",
        "enforce-eager": "on",
    }


def test_workers_are_the_product_of_both_kinds() -> None:
    """In long or short form; one where neither is asked for."""
    assert workers_of({"tensor-parallel-size": "4", "-pp": "2"}) == 8
    assert workers_of({"dtype": "float16"}) == 1
