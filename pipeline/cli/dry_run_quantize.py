"""`awqctl quantize RECIPE --dry-run`: the plan, and whether it can work."""

from pipeline.base.format import size_text
from pipeline.cli.common import console, emit
from pipeline.cli.dry_run_plan import print_line, print_planned
from pipeline.quantize.backends import BACKENDS
from pipeline.quantize.preflight import Preflight
from pipeline.recipe.arms import of_kind
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.run.dry_run import DryRun, dry_run_of, quantize_preflight
from pipeline.run.folder import check_folder

_WIDTH = 80
_STYLES = {"ok": "green", "warning": "yellow", "impossible": "red", "unchecked": "dim"}


def dry_run(recipe: Recipe, context: RunContext, *, gpu: str | None, as_json: bool) -> None:
    """Print what quantizing would do; nothing is written, and of a hub model no weights are fetched.

    Raises:
        UsageError: the output folder holds another recipe or model, or the GPU is not known.
        ImpossiblePlanError: it cannot work; says what would.
    """
    check_folder(recipe, context)
    dry = dry_run_of(recipe, context, gpu, of_kind(recipe.arms, "awq"))
    with context.reporter.task(f"looking at {recipe.model.source}"):
        found, note = quantize_preflight(dry)
    if note:
        context.reporter.warn(note)
    emit(as_json, found, lambda: _print(found, recipe, dry))
    found.require_possible()


def _print(found: Preflight, recipe: Recipe, dry: DryRun) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    width = min(_WIDTH, screen.width)
    plan = Table(title=f"{recipe.name}: what quantize would do", title_justify="left", show_header=False, width=width)
    plan.add_column(no_wrap=True)
    plan.add_column(ratio=1)
    for name, value in _rows(found, recipe):
        plan.add_row(name, Text(value))
    screen.print(plan)
    checks = Table(title="checks", title_justify="left", width=width)
    checks.add_column("check", no_wrap=True)
    checks.add_column("", no_wrap=True)
    checks.add_column("finding", ratio=1)
    for check in found.checks:
        text = f"{check.statement} {check.advice}".rstrip()
        checks.add_row(check.name, Text(check.status, style=_STYLES[check.status]), Text(text))
    screen.print(checks)
    print_line(screen, "The checkpoint when vLLM serves it:")
    print_planned(dry, screen)


def _rows(found: Preflight, recipe: Recipe) -> list[tuple[str, str]]:
    model, settings, calibration = found.model, recipe.quantize, recipe.quantize.calibration
    codes = "zero points" if settings.zero_point else "symmetric"
    rows = [
        ("model", f"{model.reference}, {model.architecture} ({model.model_type})"),
        ("parameters", f"{_count(model.parameters)}, {_count(model.linear_parameters)} of them in linear layers"),
        ("decoder layers", f"{model.decoder_layers}{_experts(found)}"),
        ("embeddings", "tied to the output head" if model.tied_embeddings else "not tied"),
        (
            "settings",
            f"4 bit, group size {settings.group_size}, {codes}, 16 bit: {', '.join(settings.ignore) or 'none'}",
        ),
        ("calibration", f"{calibration.blocks} x {calibration.block_tokens} tokens"),
        ("machine", _machine(found)),
    ]
    if found.backend is not None:
        rows.insert(0, ("backend", f"{found.backend} ({BACKENDS[found.backend].format} format)"))
        rows.append(("becomes 4 bit", f"{_count(model.quantized_parameters)} parameters"))
    if found.prediction is not None:
        rows.append(("checkpoint", f"{size_text(found.prediction.checkpoint_bytes)} of tensors"))
    if model.download_bytes:
        rows.append(("download", f"{size_text(model.download_bytes)} of weights"))
    return rows


def _machine(found: Preflight) -> str:
    machine = found.machine
    return (
        f"{machine.accelerator}, {machine.cores} cores" if machine.here else f"{machine.accelerator}, not this machine"
    )


def _experts(found: Preflight) -> str:
    model = found.model
    return f", {model.experts} experts each, {model.experts_per_token} per token" if model.experts else ""


def _count(parameters: int) -> str:
    for unit, size in (("billion", 1e9), ("million", 1e6)):
        if parameters >= size:
            return f"{parameters / size:.2f} {unit}"
    return str(parameters)
