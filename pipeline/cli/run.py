"""`awqctl run` and the commands of single stages."""

from importlib import import_module
from typing import Any

import click

from pipeline.cli.common import Session, emit, json_option, open_session, recipe_options, verbosity_options
from pipeline.cli.dry_run_plan import dry_run_options
from pipeline.run.tracking import DEFAULT_STORE

FORCE = click.option("--force", is_flag=True, help="Do it again even when nothing changed.")
STORE = click.option("--store", default=DEFAULT_STORE, show_default=True, metavar="URI", help="MLflow store.")


def _session(arguments: dict[str, Any]) -> Session:
    """Open the recipe; a store that is not the default is carried on in messages."""
    from pipeline.run.tracking import check_store

    session = open_session(
        arguments["recipe"],
        arguments["overrides"],
        arguments["out"],
        store=arguments["store"] if arguments["store"] != DEFAULT_STORE else None,
        verbose=arguments["verbose"],
        quiet=arguments["quiet"],
    )
    check_store(arguments["store"], session.context.out)
    return session


def execute(name: str | None, arguments: dict[str, Any], session: Session | None = None) -> int:
    """Bring the named stage up to date, or all that the recipe has; print the outcome, return the exit code."""
    from pipeline.cli.summary import print_summary
    from pipeline.run.gates import gates_not_passed
    from pipeline.run.runner import Runner, renewal
    from pipeline.run.stages import stage_named, stages_for
    from pipeline.run.tracking import Tracker

    session = session or _session(arguments)
    tracker = Tracker(arguments["store"], session.context.reporter)
    despite = arguments.get("despite_gates", False)
    runner = Runner(session.recipe, session.context, tracker, despite_gates=despite)
    stages, notes = ((stage_named(name),), ()) if name else stages_for(session.recipe)
    for note in notes:
        session.context.reporter.warn(note)
    record, reports = runner.run(stages, force=arguments["force"])
    document = (record.stages[name] if name else record).model_dump(mode="json")
    out = session.context.out
    renew = renewal(session.recipe, record, out)
    emit(arguments["as_json"], document, lambda: print_summary(session.recipe, record, reports, out, renew=renew))
    if renew and arguments["as_json"]:
        session.context.reporter.warn(f"{out / 'report'} is older than the record; renew it: {renew}")
    failed = [gate for report in reports for gate in report.result.gates if not gate.passed]
    if name is None:  # also of stages that the recipe has no section for any more: the endpoint was left out for them
        failed += [gate for gate in gates_not_passed(session.recipe, record) if gate not in failed]
    for gate in failed:
        click.echo(f"awqctl: Gate not passed: {gate.statement}", err=True)
    return 3 if failed else 0


def show(module: str, arguments: dict[str, Any], stage: str | None = None) -> int:
    """Print what a command would do, take or could show; a stage is named where one module is of several."""
    dry_run = import_module(f"pipeline.cli.{module}").dry_run
    session = _session(arguments)
    named = {"stage": stage} if stage else {}
    dry_run(session.recipe, session.context, gpu=arguments["gpu"], as_json=arguments["as_json"], **named)
    return 0


@click.command()
@recipe_options
@dry_run_options("Say whether all of it can work, and what it takes; start no engine, write nothing.")
@click.option("--despite-gates", is_flag=True, help="Try the endpoint of a checkpoint that did not pass a gate, too.")
@FORCE
@STORE
@verbosity_options
@json_option
def run(*, dry_run: bool, **arguments: Any) -> int:
    """Run all stages of RECIPE, resuming where a previous run stopped.

    RECIPE is a path or the name of a recipe that ships (`awqctl recipe ls`). Only what changed since the last
    run is done again. Ends with 3 unless every gate passed; the endpoint is not tried then.

    What would stop a later stage is found before the first one. With --dry-run nothing else is done, also on a machine
    without a GPU: it plans memory and time, names every obstacle and ends with 2, 3 (does not fit) or 4.
    """
    if not dry_run:
        return execute(None, arguments)
    return show("dry_run_stages", arguments)


@click.command()
@recipe_options
@dry_run_options("Say what would be done and whether it can work; write nothing.")
@FORCE
@STORE
@verbosity_options
@json_option
def quantize(*, dry_run: bool, **arguments: Any) -> int:
    """Quantize the model of RECIPE to 4 bit with AWQ; writes OUT/checkpoint.

    With --dry-run it prints the plan within seconds and ends with 4 when that cannot work. Of a hub model only the
    configuration, the model card and the headers of the weights are fetched then.
    """
    if not dry_run:
        return execute("quantize", arguments)
    return show("dry_run_quantize", arguments)


@click.command("eval")
@recipe_options
@dry_run_options("Say what the chosen items can show and what it takes; start no engine, write nothing.")
@FORCE
@STORE
@verbosity_options
@json_option
def evaluate(*, dry_run: bool, **arguments: Any) -> int:
    """Measure the accuracy of the baseline and of AWQ; ends with 3 unless AWQ is shown to be within every margin.

    With --dry-run it prints per task the smallest difference that the chosen items can show, how many the margin
    takes, and the memory of every arm; it ends with 3 where one does not fit.
    """
    if not dry_run:
        return execute("eval", arguments)
    return show("dry_run_eval", arguments)
