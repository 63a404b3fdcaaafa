"""Which columns MLflow's table of runs shows."""

from pipeline.run.runs_view import columns_of


def test_columns_that_matter() -> None:
    """Gates and model, recovery per task, speed, money; of what was logged, and of AWQ alone."""
    logged = [
        "arc_acc_recovery",
        "arc_acc_recovery_rtn",
        "arc_acc_margin",
        "awq_output_tokens_per_s",
        "peak_memory_gib",
    ]
    assert columns_of(logged) == [
        "tags.`awqctl.gates`",
        "tags.`awqctl.model`",
        "metrics.`arc_acc_recovery`",
        "metrics.`awq_output_tokens_per_s`",
    ]


def test_many_tasks_do_not_crowd_out_the_rest() -> None:
    """Of a suite the first four tasks are shown; the others are a click away."""
    logged = [f"task_{number}_acc_recovery" for number in range(20)] + ["saving_per_month_usd"]
    assert columns_of(logged)[-2:] == ["metrics.`task_12_acc_recovery`", "metrics.`saving_per_month_usd`"]
