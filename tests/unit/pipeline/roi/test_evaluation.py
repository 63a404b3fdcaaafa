"""A pricing model, read back from JSON, comes to what the scenario that it was taken from says."""

import pytest

from pipeline.roi.evaluation import evaluate
from pipeline.roi.scenarios.files import packaged_scenarios
from pipeline.roi.scenarios.result import ScenarioResult
from pipeline.roi.scenarios.scenario import scenario_result


@pytest.mark.whole
@pytest.mark.parametrize("name", packaged_scenarios())
def test_the_model_alone_gives_the_figures_of_the_scenario(name: str) -> None:
    """Options and pairs agree in every figure, after a way through JSON."""
    result = ScenarioResult.model_validate_json(scenario_result(packaged_scenarios()[name]).model_dump_json())
    found = evaluate(result.pricing)
    assert list(found.options) == [one.name for one in result.options]
    for one in result.options:
        costs = found.options[one.name]
        assert costs.machines == one.machines.value
        assert float(costs.monthly) == one.monthly_usd.value
        assert float(costs.total) == one.total_usd.value
        assert float(costs.present_value) == one.present_value_usd.value
        assert [float(year.cost) for year in costs.years] == [year.cost_usd for year in one.years]
        for exact, figure in ((costs.idle_share, one.idle_share), (costs.per_mtok, one.usd_per_mtok_useful)):
            assert (None if exact is None else float(exact)) == (figure.value if figure else None)
    assert list(found.pairs) == [(pair.option, pair.reference) for pair in result.comparisons]
    for pair in result.comparisons:
        costs = found.pairs[pair.option, pair.reference]
        assert float(costs.saving_per_month) == pair.saving_per_month_usd.value
        assert float(costs.saving_total) == pair.saving_total_usd.value
        assert float(costs.net_present_value) == pair.net_present_value_usd.value
        for exact, figure in (
            (costs.payback_months, pair.payback_months),
            (costs.break_even_requests_per_day, pair.break_even_requests_per_day),
        ):
            assert (None if exact is None else float(exact)) == figure.value
