"""The loads of an endpoint's plan."""

import pytest

from eval.bench.load.plan import MOST_REQUESTS, EndpointPlan
from pipeline.base.errors import UsageError
from pipeline.base.token_range import TokenRange


@pytest.mark.parametrize(
    "plan",
    [
        {"concurrency": (1,), "requests": MOST_REQUESTS + 1},
        {"concurrency": (1_000,), "requests_per_concurrency": 1_001},
        {"rates_per_s": (1_000.0,), "seconds": 3_600.0},
    ],
)
def test_load_that_cannot_be_prepared_is_refused(plan: dict[str, object]) -> None:
    """Prompts are made before a load begins, so a number without end would take all memory."""
    lengths = TokenRange.fixed(16)
    with pytest.raises(UsageError, match=f"at most {MOST_REQUESTS} can be prepared"):
        EndpointPlan(lengths, lengths, **plan).loads()  # type: ignore[arg-type]
