"""`awqctl bench`: what it takes together, and what it refuses before anything starts."""

import pytest

from tests.helpers import invoke


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Give one of RECIPE, --endpoint URL and --calibrate"),
        (("demo", "--endpoint", "http://127.0.0.1:1"), "Give one of"),
        (("--calibrate", "demo"), "Give one of"),
        (("demo", "--requests-per-concurrency", 3), "--requests-per-concurrency goes with --endpoint"),
        (("--calibrate", "--model", "x"), "--model goes with --endpoint"),
        (("--endpoint", "http://127.0.0.1:1", "--multi-turn"), "--multi-turn goes with --prompts"),
        (("--calibrate", "--soak"), "--soak goes with a RECIPE or --endpoint"),
        (("demo", "--profile", 4, "--soak"), "and not with --profile"),
        (("demo", "--minutes", 3), "--minutes goes with --soak"),
        (("demo", "--soak", 0.01), "0.05 minutes at least"),
        (("demo", "--soak", 3, "--minutes", 3), "given twice"),
        (("--endpoint", "http://127.0.0.1:1", "--rate", "2", "--soak"), "do not go together"),
        (("--endpoint", "http://127.0.0.1:1", "--concurrency", "4,1"), "not a list of rising numbers"),
        (("--endpoint", "http://127.0.0.1:1", "--concurrency", "0"), "not a list of rising numbers"),
        (("--endpoint", "http://127.0.0.1:1", "--concurrency", "10001"), "not a list of rising numbers"),
        (("--endpoint", "http://127.0.0.1:1", "--input-tokens", "9-3"), "the range 9-3 ends before it begins"),
        (("--endpoint", "host:8000"), "no address of a server"),
        (("--endpoint", "ftp://host"), "no address of a server"),
        (("--endpoint", "http://"), "no address of a server"),
        (("--endpoint", "http://127.0.0.1:1", "--tokenizer", "tests"), "has no tokenizer.json"),
        (("--endpoint", "http://127.0.0.1:1", "--seconds", "nan"), "not a finite number"),
        (("--endpoint", "http://127.0.0.1:1", "--patience", "inf"), "not a finite number"),
        (("--endpoint", "http://127.0.0.1:1", "--seed", "-1"), "not in the range"),
        (("--endpoint", "http://127.0.0.1:1", "--set", "bench.repeats=2"), "--set goes with a RECIPE"),
        (("--calibrate", "--store", "x"), "--store goes with a RECIPE"),
        (("--calibrate", "--dummy-weights"), "--dummy-weights goes with a RECIPE"),
        (("--endpoint", "http://127.0.0.1:1", "--output-tokens", "many"), "neither a number of tokens nor a range"),
        (("--endpoint", "http://127.0.0.1:1", "--rate", "0"), "not a list of rising rates"),
        (("--endpoint", "http://127.0.0.1:1", "--rate", "2,inf"), "not a list of rising rates"),
        (("--endpoint", "http://127.0.0.1:1", "--rate", "2", "--concurrency", "4"), "do not go together"),
        (("--endpoint", "http://127.0.0.1:1", "--requests", 4, "--seconds", 4), "do not go together"),
        (("--endpoint", "http://127.0.0.1:1", "--burstiness", "0.5"), "--burstiness goes with --rate"),
        (("--endpoint", "http://127.0.0.1:1", "--ramp-from", "1"), "--ramp-from goes with --rate"),
        (("--endpoint", "http://127.0.0.1:1", "--header", "X-Team"), "no header; write it like"),
        (("--endpoint", "http://127.0.0.1:1", "--header", "X-Api-Key: abc"), "(--header-env NAME=VAR)"),
        (("--endpoint", "http://127.0.0.1:1", "--header-env", "X-Api-Key"), "does not name an environment variable"),
        (("--endpoint", "http://127.0.0.1:1", "--header-env", "Authorization=KEY"), "(--api-key-env VAR)"),
        (("--endpoint", "http://127.0.0.1:port"), "no address of a server"),
        (("--endpoint", "http://me:secret@127.0.0.1:1"), "an address with a user or a password is not taken"),
        (("--endpoint", "http://127.0.0.1:1", "--concurrency", "\uff11,\uff14"), "not a list of rising numbers"),
        (("--endpoint", "http://127.0.0.1:1", "--concurrency", "1_0"), "not a list of rising numbers"),
        (("--endpoint", "http://127.0.0.1:1", "--input-tokens", "5-"), "neither a number of tokens nor a range"),
        (
            ("--endpoint", "http://127.0.0.1:1", "--input-tokens", "\uff12\uff15"),
            "neither a number of tokens nor a range",
        ),
        (("--endpoint", "http://127.0.0.1:1", "--input-tokens", 10**8), "up to 10000000"),
        (("--endpoint", "http://127.0.0.1:1", "--rate", "1e308"), "not a list of rising rates"),
        (("--endpoint", "http://127.0.0.1:1", "--rate", "\uff12"), "not a list of rising rates"),
        (("--endpoint", "http://127.0.0.1:1", "--patience", "1e300"), "not in the range"),
        (("--endpoint", "http://127.0.0.1:1", "--seed", 10**20), "not in the range"),
        (("--endpoint", "http://127.0.0.1:1", "--api-key-env", "sk-1"), "no name of an environment variable"),
        (("--endpoint", "http://127.0.0.1:1", "--header", "X-A: 1", "--header", "x-a: 2"), "x-a is given twice"),
        (("--endpoint", "http://127.0.0.1:1", "--header", "X-A: 1", "--header-env", "x-a=V"), "x-a is given twice"),
        (("--endpoint", "http://127.0.0.1:1", "--model", ""), "the name is empty"),
        (("demo", "--profile", 10**9), "not in the range"),
        (("demo", "--header-env", "X-A=B"), "--header-env goes with --endpoint"),
    ],
)
def test_wrong_usage_is_refused(arguments: tuple[object, ...], message: str) -> None:
    """Each is wrong usage, with what would be right."""
    result = invoke("bench", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_key_that_is_not_set_is_told_first() -> None:
    """Nothing is installed and nothing asked before the key is there."""
    result = invoke("bench", "--endpoint", "http://127.0.0.1:1", "--model", "m", "--api-key-env", "NO_SUCH_KEY")
    assert "NO_SUCH_KEY" in str(result.exception)


def test_server_that_is_not_there_is_told_first() -> None:
    """Also where its model is named and nothing has to be asked: nothing is installed and no load offered."""
    result = invoke("bench", "--endpoint", "http://127.0.0.1:1", "--model", "m")
    assert "http://127.0.0.1:1 does not answer" in str(result.exception)
