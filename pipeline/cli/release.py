"""`awqctl release`: what an endpoint serves, what it served before, and how it goes from one to the other."""

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.common import console, emit, json_option, open_recorded
from pipeline.cli.help import Group
from pipeline.cli.runs import run_folder
from pipeline.cli.table import minute, print_rows
from pipeline.run.tracking import DEFAULT_STORE

if TYPE_CHECKING:
    from serve.releases.changes import Change
    from serve.releases.listing import ReleaseListing
    from serve.releases.registry import Registry
    from serve.releases.release import Release

_ENDPOINT = click.option("--endpoint", metavar="NAME", help="Whose releases; default the only endpoint there is.")
_STORE = click.option("--store", default=DEFAULT_STORE, show_default=True, metavar="URI", help="MLflow store.")
_YES = click.option("--yes", is_flag=True, help="Ask nothing: not about an interruption, nor an undecided canary.")
_ARM = click.option(
    "--arm", type=click.Choice(("awq", "baseline")), default="awq", show_default=True, help="What of the run."
)
_DESPITE = click.option("--despite-gates", is_flag=True, help="Although a gate was not passed; that is recorded.")
_SET = click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a key of its recipe.")
_VERSION = re.compile(r"v?([1-9]\d*)")
_NOT_DONE = 3


@click.group(cls=Group)
def release() -> None:
    """Releases of an endpoint: list, register, promote, roll back.

    A release pins weights by their digest, with the settings they are served with and the gates of their run. The
    registry is MLflow's, in the store of the runs.
    """


@release.command("ls")
@_ENDPOINT
@_STORE
@json_option
def ls(*, endpoint: str | None, store: str, as_json: bool) -> None:
    """List the releases of an endpoint, which one is production, and how the latest change ended."""
    from serve.releases.listing import listing

    found = listing(_registry(endpoint, store))
    emit(as_json, found, lambda: _show(found))


@release.command("add")
@click.argument("run", metavar="RUN")
@click.option("--endpoint", metavar="NAME", help="Whose release; default the recipe's name.")
@_ARM
@_SET
@_DESPITE
@_STORE
@json_option
def add(run: str, *, endpoint: str | None, store: str, as_json: bool, **chosen: Any) -> None:
    """Register what RUN has quantized as a release; nothing that is served changes.

    RUN is an output folder, or the id or the name of its MLflow run. Every file is verified, and a gate that was not
    passed ends it with 3. The engine's settings are those of the recorded recipe, and of --set. With --arm baseline it
    is the 16-bit model, for a rollback to it.
    """
    made = _registered(run, endpoint, store, **chosen)
    emit(
        as_json,
        made,
        f"{made.label} of '{made.endpoint}': {made.checkpoint} (digest {made.digest[:12]}; gates: "
        f"{made.gates_in_short}). `awqctl release promote {made.version} --endpoint {made.endpoint}` serves it.",
    )


@release.command("promote")
@click.argument("named", metavar="VERSION|RUN")
@_ENDPOINT
@_YES
@_SET
@_DESPITE
@_STORE
@json_option
def promote(named: str, *, endpoint: str | None, yes: bool, store: str, as_json: bool, **chosen: Any) -> int:
    """Let a release take the place of what is served, without a request lost.

    A running endpoint verifies it, starts it beside the old one, tries it, gives it a share of the requests, compares,
    shifts all, and drains the old one. What fails on the way leaves the old one serving, and ends with 3. Without room
    for both it says how long nothing will be served, and asks. Of an endpoint that does not run, the next start serves
    the release. A RUN is registered first.
    """
    if match := _VERSION.fullmatch(named):
        if chosen["overrides"]:
            raise click.UsageError("--set goes with a RUN: a version has its settings already.")
        registry = _registry(endpoint, store)
        target = registry.release(int(match[1]))
    else:
        target = _registered(named, endpoint, store, **chosen)
        registry = _registry(target.endpoint, store)
    return _changed(registry, "promote", target, yes=yes, as_json=as_json)


@release.command("rollback")
@click.option("--to", metavar="VERSION|baseline", help="Where to; default the release that was served before.")
@_ENDPOINT
@_YES
@_STORE
@json_option
def rollback(*, to: str | None, endpoint: str | None, yes: bool, store: str, as_json: bool) -> int:
    """Go back to the release that was served before, to another one, or to the 16-bit model.

    It goes the same way as `promote`. The baseline is registered when it is not yet.
    """
    from pipeline.base.errors import UsageError

    registry = _registry(endpoint, store)
    if to == "baseline":
        chosen = _baseline(registry, store)
    elif to is not None:
        match = _VERSION.fullmatch(to)
        if match is None:
            raise UsageError(f"--to takes a version or `baseline`, not '{to}'. `awqctl release ls` lists versions.")
        chosen = registry.release(int(match[1]))
    else:
        before = registry.previous()
        if before is None:
            raise UsageError(
                f"There is no release to go back to in {registry.store}. `awqctl release rollback --to baseline` "
                "serves the 16-bit model, "
                "`awqctl release ls` lists what there is."
            )
        chosen = before
    return _changed(registry, "rollback", chosen, yes=yes, as_json=as_json)


def _registry(endpoint: str | None, store: str) -> "Registry":
    from pipeline.cli.common import reporter
    from pipeline.run.tracking import Tracker
    from serve.endpoint import chosen_endpoint
    from serve.releases.registry import Registry

    return Registry(Tracker(store, reporter()), chosen_endpoint(endpoint, may_be_new=True))


def _registered(
    run: str,
    endpoint: str | None,
    store: str,
    *,
    arm: Any = "awq",
    overrides: Sequence[str] = (),
    despite_gates: bool = False,
) -> "Release":
    """Return the release of a run, named by its folder or by its MLflow run."""
    from pipeline.run.releases import registered
    from pipeline.runs.find import folder_of, record_of

    path = run_folder(run, store)
    record = record_of(path)
    session = open_recorded(folder_of(path), overrides, store=store if store != DEFAULT_STORE else None)
    registry = _registry(endpoint or session.recipe.name, store)
    return registered(registry, session.recipe, session.context, record, arm=arm, despite=despite_gates)


def _baseline(registry: "Registry", store: str) -> "Release":
    """Return the release of the 16-bit model that production was made from."""
    from pipeline.base.errors import UsageError
    from pipeline.run.releases import baseline_release

    served = registry.production()
    if served is None:
        raise UsageError(
            "Nothing is production yet. `awqctl release add RUN --arm baseline` registers the 16-bit model."
        )
    found = baseline_release(registry, served.run)
    return found or _registered(served.run, registry.folder.name, store, arm="baseline")


def _changed(registry: "Registry", kind: Any, chosen: "Release", *, yes: bool, as_json: bool) -> int:
    """Make the change and say how it ended; return the exit code."""
    from pipeline.cli.common import reporter
    from serve.releases.listing import change_sentence
    from serve.supervisor.release_change import change_release

    shown = reporter()
    change = change_release(
        registry,
        kind,
        chosen,
        confirm=None if yes else _confirmed,
        note=lambda text: shown.note(text, head="release"),
        reporter=shown,
    )
    if change is None:
        click.echo("Nothing was changed.", err=True)
        return _NOT_DONE
    emit(as_json, change, "\n".join((*change.said, change_sentence(change))))
    return 0 if change.outcome in ("moved", "promoted") else _NOT_DONE


def _confirmed(question: str) -> bool:
    from pipeline.base.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody can be asked here. Repeat it with --yes.")
    return click.confirm(question, err=True)


def _show(found: "ReleaseListing") -> None:
    if not found.releases:
        from pipeline.base.commands import command

        click.echo(
            f"The endpoint '{found.endpoint}' has no release in {found.store} yet. `{command('serve')}` makes the "
            f"first one, `awqctl release add RUN` registers one.",
            err=True,
        )
        return
    print_rows([_cells(found, one) for one in found.releases], ("RELEASE", "ROLE", "WHAT", "MADE (UTC)", "GATES\nFROM"))
    if found.latest_change is not None:
        _show_change(found.latest_change)


def _cells(found: "ReleaseListing", one: "Release") -> tuple[str, ...]:
    made = minute(one.made_at) if one.made_at else "-"
    despite = ", passed over" if one.despite else ""
    return one.label, found.role(one), f"{one.arm} {one.digest[:12]}", made, f"{one.gates_in_short}{despite}\n{one.run}"


def _show_change(change: "Change") -> None:
    from serve.releases.listing import change_sentence

    screen = console()
    screen.print()
    for line in (f"{minute(change.at)} {change_sentence(change)}", *change.said):
        screen.print(line, markup=False)
