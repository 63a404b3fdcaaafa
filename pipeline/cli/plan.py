"""`awqctl plan`: what fits, how fast, on which GPU, before anything is downloaded."""

import os
from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import FiniteRange, UserPath, console, emit, json_option
from pipeline.plan.limits import MOST, MOST_GIB, MOST_GPUS

_FILES = ("pack", "fleet", "claims")
_COUNT, _GPUS, _GIB = click.IntRange(1, MOST), click.IntRange(1, MOST_GPUS), FiniteRange(0, MOST_GIB)


@click.command()
@click.argument(
    "model",
    nargs=-1,
    required=True,
    metavar="MODEL | RECIPE | pack FILE | fleet FILE | claims FILE | fit RUN... | ls",
)
@click.option("--gpu", "gpus", metavar="A,B", help="Names as `awqctl gpus ls` has them; several, side by side.")
@click.option("--gpus", "count", type=_GPUS, metavar="N", help="GPUs together; sizes not given are chosen.")
@click.option(
    "--quantization",
    metavar="Q,R",
    help="none, awq, gptq, int4-experts, fp8, int8, mxfp4, nvfp4, bnb4.  [default: as the model is]",
)
@click.option("--tensor-parallel-size", type=_GPUS, metavar="N")
@click.option("--pipeline-parallel-size", type=_GPUS, metavar="N")
@click.option("--data-parallel-size", type=_GPUS, metavar="N", help="Replicas of the attention.")
@click.option("--enable-expert-parallel", is_flag=True, help="Experts whole on GPUs, not sliced.")
@click.option("--decode-context-parallel-size", type=_GPUS, default=1, metavar="N")
@click.option("--max-model-len", type=_COUNT, metavar="N", help="[default: the model's]")
@click.option("--max-num-seqs", type=_COUNT, metavar="N", help="Have to fit at once at full length.")
@click.option("--max-num-batched-tokens", type=_COUNT, metavar="N")
@click.option("--kv-cache-dtype", metavar="auto,fp8", default="auto", show_default=True)
@click.option("--gpu-memory-utilization", type=FiniteRange(0, 1, min_open=True), metavar="X")
@click.option(
    "--gpu-memory-gib", type=FiniteRange(0, MOST_GIB, min_open=True), metavar="X", help="As the driver reports it."
)
@click.option("--kv-cache-memory-gib", type=_GIB, metavar="X", help="Stated instead of computed.")
@click.option("--block-size", type=_COUNT, metavar="N")
@click.option("--enforce-eager", is_flag=True, help="Without CUDA graphs.")
@click.option(
    "--cpu-offload-gib",
    type=_GIB,
    default=0.0,
    metavar="X",
    help="Weights per GPU in the CPU's memory, where they do not fit without.",
)
@click.option("--input-tokens", type=_COUNT, metavar="N", help="[default: 1024, or those of RECIPE's bench]")
@click.option("--output-tokens", type=_COUNT, metavar="N", help="The same of answers.")
@click.option("--concurrency", type=_COUNT, metavar="N", help="Requests under way in all replicas.")
@click.option("--vllm", "version", metavar="VERSION", help="[default: the locked version]")
@click.option(
    "--corrections",
    type=UserPath(),
    metavar="FILE",
    help="What your runs taught, written by `plan fit`.  [default: corrections.yaml of your configuration]",
)
@click.option("--html", type=UserPath(), metavar="FILE", help="The plan as a page with charts, too.")
@json_option
@click.pass_context
def plan(context: click.Context, /, model: tuple[str, ...], *, html: Path | None, as_json: bool, **options: Any) -> int:
    """Plan MODEL before anything is downloaded; ends with 3 when a configuration cannot run.

    MODEL is a hub id, a folder, a config.json or a catalogue name (`awqctl plan ls`); a RECIPE is planned as it
    stands, with its arms, for this machine's GPU, else the one that it names (`gpu`), else this machine's memory;
    `--gpu cpu` plans for the latter, or for --gpu-memory-gib. `pack FILE` puts several models on one GPU,
    `fleet FILE` plans an investment, `claims FILE` holds what somebody stated against the plan, and ends with 3 where
    a figure is wrong. FILE is a path, or one that ships (`recipes/plans` of the source). `fit
    RUN...` learns from runs of your own, by their output folders, what plans of their GPUs are corrected by.
    """
    if model[0] == "fit":
        _refuse_options(context, "fit")
        return _fit(model[1:], options["corrections"], as_json=as_json)
    if model[0] in ("ls", *_FILES):
        _refuse_options(context, model[0])
        return _list(model, as_json=as_json) if model[0] == "ls" else _file(model, as_json=as_json)
    if html and ((html.exists() and not html.is_file()) or not html.parent.is_dir()):
        raise click.UsageError(f"--html {html} names no file in a folder that exists. Make the folder first.")
    if len(model) > 1:
        raise click.UsageError(f"One MODEL at a time; {' '.join(model[1:])} is one too many.")
    from pipeline.catalogue.configurations import PlanRequest, plans
    from pipeline.catalogue.recipe_plan import is_recipe, plan_recipe_named
    from pipeline.cli.plan_table import print_plans

    request = PlanRequest(reference=model[0], **options)
    found = plan_recipe_named(request) if is_recipe(model[0]) else plans(request)
    if html:
        from pipeline.base.files import write_atomically
        from pipeline.cli.plan_page import page

        try:
            write_atomically(Path(os.path.realpath(html)), page(found))  # /dev/stdout is a link that has to stay
        except OSError as problem:
            raise click.UsageError(f"--html {html} cannot be written: {problem.strerror}. Name another.") from None
    emit(as_json, found, lambda: print_plans(found, console()))
    return 0 if all(each.verdict == "fits" for each in found.configurations) else 3


def _refuse_options(context: click.Context, word: str) -> None:
    """Refuse what would be ignored: a list and files take no options of a plan."""
    takes = ("model", "as_json", *(("corrections",) if word == "fit" else ()))
    reasons = {"ls": "takes no options but --json", "fit": "takes no options but --corrections and --json"}
    for parameter in context.command.params:
        name, given = str(parameter.name), context.get_parameter_source(str(parameter.name))
        if name not in takes and given is not click.core.ParameterSource.DEFAULT:
            why = reasons.get(word, "takes everything from its FILE")
            raise click.UsageError(f"{parameter.opts[0]} does not go with `awqctl plan {word}`, which {why}.")


def _fit(runs: tuple[str, ...], file: Path | None, *, as_json: bool) -> int:
    from eval.bench.plan_fit import fit_into
    from pipeline.base.homes import expanded
    from pipeline.cli.plan_fit_table import print_fit

    if not runs:
        raise click.UsageError("`awqctl plan fit` takes the output folders of one run or more, such as out/demo.")
    found = fit_into(
        file,
        [expanded(run, "RUN") for run in runs],
        lambda holder: click.echo(f"waiting for {holder}, which learns, too", err=True),
    )
    emit(as_json, found, lambda: print_fit(found, console()))
    return 0


def _list(arguments: tuple[str, ...], *, as_json: bool) -> int:
    if len(arguments) > 1:
        raise click.UsageError(f"`awqctl plan ls` takes no argument; {' '.join(arguments[1:])} is one too many.")
    from pipeline.catalogue.models import licences, models
    from pipeline.cli.plan_table import print_models

    rows = [
        {
            "name": entry.name,
            "licence": entry.licence,
            "licence_facts": licences()[entry.licence].sentence if entry.licence in licences() else None,
            "parameters": entry.parameters,
            "also": entry.also,
            "source": entry.source.document() if entry.source else None,
        }
        for entry in models().values()
    ]
    emit(as_json, rows, lambda: print_models(rows, console()))
    return 0


def _file(arguments: tuple[str, ...], *, as_json: bool) -> int:
    """Plan a file: 3 when models of a pack fit on none of its GPUs, not even in turns, or a claim is wrong."""
    if len(arguments) != 2:  # noqa: PLR2004 -- the word and the file
        raise click.UsageError(f"`awqctl plan {arguments[0]}` takes one FILE.")
    from pipeline.catalogue.files import plan_file

    path = plan_file(arguments[1])
    return {"pack": _pack, "fleet": _fleet, "claims": _claims}[arguments[0]](path, as_json=as_json)


def _pack(path: Path, *, as_json: bool) -> int:
    from pipeline.catalogue.pack_file import packs
    from pipeline.cli.plan_files_table import print_packs

    found = packs(path)
    emit(as_json, found, lambda: print_packs(found, console()))
    return 3 if all(each["verdict"] == "impossible" for each in found["gpus"]) else 0


def _fleet(path: Path, *, as_json: bool) -> int:
    from pipeline.catalogue.fleet_file import fleets
    from pipeline.cli.plan_files_table import print_fleet

    costs = fleets(path)
    emit(as_json, costs, lambda: print_fleet(costs, console()))
    return 0


def _claims(path: Path, *, as_json: bool) -> int:
    from pipeline.catalogue.claims import held_claims
    from pipeline.cli.claims_table import print_claims

    found = held_claims(path)
    emit(as_json, found, lambda: print_claims(found, console()))
    return 3 if found.wrong else 0
