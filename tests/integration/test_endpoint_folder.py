"""The output folder of `bench --endpoint`: results appear whole, and nobody else's are displaced."""

from contextlib import suppress
from pathlib import Path

import pytest

from eval.bench.endpoint_folder import RESULT, endpoint_folder, publish
from eval.bench.endpoint_soak import SOAK_FILE
from eval.bench.load.endpoint_result import EndpointLoad, Spent
from pipeline.base.errors import BusyError, EngineError, UsageError
from pipeline.base.progress import SilentReporter
from pipeline.base.token_range import TokenRange
from pipeline.record.context import RunContext


def context_in(out: Path) -> RunContext:
    """Return the context of a run."""
    return RunContext(out=out, home=out, recipe_dir=out, accelerator="cpu", reporter=SilentReporter())


def measure(out: Path, seed: int) -> EndpointLoad:
    """Leave a result and a file that it is made of."""
    found = EndpointLoad(
        endpoint="http://h",
        model="m",
        route="/v1/completions",
        client="c",
        client_ceiling_tokens_per_s=None,
        input_tokens=None,
        output_tokens=TokenRange.fixed(1),
        lengths="natural",
        prompt_tokens_by="words",
        seed=seed,
        spent=Spent(),
        points=(),
    )
    context = context_in(out)
    with endpoint_folder(context) as work:
        (work / f"raw-{seed}.json").write_text("{}", encoding="utf-8")
        publish(context, work, found, None)
    return found


def test_second_run_replaces_the_first_whole(tmp_path: Path) -> None:
    """Nothing of the first one is left beside it, a soak's result included."""
    measure(tmp_path, 1)
    (tmp_path / "bench" / SOAK_FILE).write_text("{}", encoding="utf-8")
    second = measure(tmp_path, 2)
    assert {path.name for path in (tmp_path / "bench").iterdir()} == {RESULT, "raw-2.json"}
    assert EndpointLoad.model_validate_json((tmp_path / "bench" / RESULT).read_text(encoding="utf-8")) == second


def test_run_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """And its logs, until the next one."""
    measure(tmp_path, 1)
    with suppress(EngineError), endpoint_folder(context_in(tmp_path)) as work:
        (work / "warm-up.log").touch()
        raise EngineError("It is not there. Look.")
    assert {path.name for path in (tmp_path / "bench").iterdir()} == {RESULT, "raw-1.json"}
    assert (work / "warm-up.log").exists()


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    """The files of one would become the other's figures."""
    with (
        endpoint_folder(context_in(tmp_path)),
        pytest.raises(BusyError, match="Another awqctl works in"),
        endpoint_folder(context_in(tmp_path)),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "message"), [("record.json", "the results of a recipe"), ("bench/mine.txt", "'bench', which awqctl would")]
)
def test_folder_of_somebody_else_is_refused(tmp_path: Path, name: str, message: str) -> None:
    """A recipe's results, and a folder that only has the same name."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(UsageError, match=message), endpoint_folder(context_in(tmp_path)):
        pass
    assert path.exists()
