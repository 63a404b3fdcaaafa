"""The chart of speed per user against speed per GPU, from results to series."""

from collections.abc import Sequence

from eval.bench.per_user import PerUser
from pipeline.base.format import count, number
from pipeline.report.document import Chart, Series
from pipeline.report.evidence import Keys
from pipeline.report.inputs import Inputs


def pareto_chart(points: Sequence[PerUser], inputs: Inputs) -> Chart:
    """Return what each user gets against what a GPU gives, every arm a line through its concurrencies."""
    say = inputs.say.per_user
    arms = dict.fromkeys(one.arm for one in points)
    spoken = [
        say.arm(say.title_of(arm), say.listing([_spoken(one, inputs) for one in points if one.arm == arm]))
        for arm in arms
    ]
    return Chart(
        id="chart-per-user",
        kind="pareto",
        title=say.chart,
        caption=say.caption + (say.left_out if inputs.load.void_points else ""),
        alternative=say.alternative("; ".join(spoken)),
        x_title=say.x_title,
        y_title=say.per_machine if inputs.on_cpu else say.per_gpu,
        series=tuple(_series([one for one in points if one.arm == arm], inputs) for arm in arms),
    )


def user_keys(one: PerUser, inputs: Inputs) -> Keys:
    """Return where the median TPOT stands that a user's speed is calculated from, with that of each run."""
    runs = (f"p50_ms_runs/{run}" for run in range(len(one.point.tpot.p50_ms_runs)))
    return inputs.evidence.of(one.point.tpot, "p50_ms", *runs)


def together_keys(one: PerUser, inputs: Inputs) -> Keys:
    """Return where the throughput stands, and what tells the number of GPUs that share it."""
    throughput = inputs.evidence.of(one.point, "output_tokens_per_s")
    return throughput if one.workers == 1 else (*throughput, *inputs.evidence.of(inputs.load, "engine_arguments"))


def _series(points: Sequence[PerUser], inputs: Inputs) -> Series:
    return Series(
        name=inputs.say.per_user.title_of(points[0].arm),
        arm=points[0].arm,
        x=tuple(one.tokens_per_s_per_user for one in points),
        y=tuple(one.tokens_per_s_per_gpu for one in points),
        labels=tuple(count(one.point.concurrency) for one in points),
        tones=tuple("good" if one.unbeaten else "plain" for one in points),
        unit=inputs.say.per_user.unit,
        origin="measured",
        evidence=tuple(
            dict.fromkeys(key for one in points for key in (*user_keys(one, inputs), *together_keys(one, inputs)))
        ),
    )


def _spoken(one: PerUser, inputs: Inputs) -> str:
    return inputs.say.per_user.point(
        number(one.tokens_per_s_per_gpu), number(one.tokens_per_s_per_user), str(one.point.concurrency)
    )
