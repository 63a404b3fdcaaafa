"""`awqctl env`: the engines' isolated environments."""

from typing import Any

import click

from pipeline.cli.common import emit, json_option, reporter, verbosity_options
from pipeline.cli.help import Group
from pipeline.cli.table import print_rows


@click.group(cls=Group)
def env() -> None:
    """The engines' isolated environments, kept in AWQCTL_HOME (default ~/.cache/awqctl)."""


def _rows() -> list[dict[str, Any]]:
    from pipeline.base.homes import user_home
    from pipeline.runtimes.specs import SPECS, external_interpreter
    from pipeline.runtimes.store import is_ready, place, size_bytes

    home = user_home()
    rows = []
    for spec in SPECS:
        external = external_interpreter(spec.engine)
        ready = is_ready(spec, home)
        row: dict[str, Any] = {"name": spec.name, "version": f"{spec.package} {spec.version}"}
        row["state"] = "external" if external else ("ready" if ready else "absent")
        row["size_gib"] = round(size_bytes(spec, home) / 2**30, 2) if ready else None
        row["path"] = str(external[0]) if external else str(place(spec, home))
        rows.append(row)
    return rows


@env.command("ls")
@json_option
def ls(as_json: bool) -> None:  # noqa: FBT001 -- a flag
    """List the environments, their state and where they are."""
    from pipeline.base.homes import user_home

    rows = _rows()

    def table() -> None:
        print_rows([(row["name"], row["version"], row["state"], _size(row["size_gib"])) for row in rows])
        external = [(row["name"], row["path"]) for row in rows if row["state"] == "external"]
        print_rows([*external, ("in", str(user_home() / "runtimes"))])

    emit(as_json, rows, table)


def _size(gib: float | None) -> str:
    return "" if gib is None else f"{gib:.2f} GiB"


@env.command("sync")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--accelerator", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@verbosity_options
@json_option
def sync(names: tuple[str, ...], accelerator: Any, *, verbose: bool, quiet: bool, as_json: bool) -> None:
    """Make environments ahead of time: NAMEs like vllm or vllm-cuda; default all that this machine uses."""
    from pipeline.base.homes import user_home
    from pipeline.hardware.accelerator import resolve_accelerator
    from pipeline.hardware.machine import probe_machine
    from pipeline.runtimes.specs import ANY, SPECS, specs_named
    from pipeline.runtimes.store import ensure

    shown = reporter(verbose=verbose, quiet=quiet)
    wanted, _ = resolve_accelerator(accelerator, probe_machine())
    fitting = (wanted,) if wanted == "cuda" else (wanted, ANY)  # vLLM's CUDA environment has the load client
    chosen = [spec for name in names for spec in specs_named(name) if name == spec.name or spec.accelerator in fitting]
    for spec in chosen or [spec for spec in SPECS if spec.accelerator in fitting]:
        ensure(spec.engine, spec.accelerator, user_home(), shown)
    rows = _rows()
    emit(as_json, rows, lambda: print_rows([(row["name"], row["state"]) for row in rows]))


@env.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def rm(names: tuple[str, ...]) -> None:
    """Remove environments, older versions of them included."""
    from pipeline.base.homes import user_home
    from pipeline.runtimes.specs import specs_named
    from pipeline.runtimes.store import remove

    for spec in (spec for name in names for spec in specs_named(name)):
        click.echo(f"{spec.name}: {'removed' if remove(spec, user_home()) else 'was not there'}")
