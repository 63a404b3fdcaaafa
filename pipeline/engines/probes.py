"""What every stage that starts vLLM looks at before a run: the machine, the longest context, vLLM's own parser."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.base.commands import command
from pipeline.base.errors import AwqctlError, ImpossiblePlanError, RecipeError, WorkerError
from pipeline.engines.preflight import engine_problems
from pipeline.engines.vllm import MODULE, engine_arguments
from pipeline.models import local_folder
from pipeline.models.context_length import longest_context
from pipeline.models.trust import read_config
from pipeline.record.preflight import Effort, Probe, ProbeResult, Prospect
from pipeline.runtimes.specs import SPECS, external_interpreter, spec_for
from pipeline.runtimes.store import interpreter
from pipeline.runtimes.worker import Worker, worker_script

ENGINE = "vllm"
_ARGUMENTS = "engine arguments"


def _machine(prospect: Prospect) -> Iterator[AwqctlError]:
    yield from engine_problems(prospect.recipe.engine, prospect.planned[0], prospect.context.machine)


def _interpreter(_prospect: Prospect) -> Iterator[AwqctlError]:
    external_interpreter(ENGINE)
    yield from ()


def _context(prospect: Prospect) -> Iterator[AwqctlError]:
    """Hold the longest sequence against the model; of a hub model only where the hub may be asked."""
    recipe = prospect.recipe
    if prospect.effort > Effort.FILES and not recipe.bench.dummy_weights:
        config = prospect.model.headers.text
    elif folder := local_folder(recipe.model, prospect.context.recipe_dir):
        document = read_config(folder / "config.json")
        config = document.get("text_config") or document
    else:
        return
    asked, found = recipe.engine.max_model_len, longest_context(config)
    if found is not None and asked > found[0]:
        longest, key = found
        yield ImpossiblePlanError(
            f"engine.max_model_len is {asked}, and {recipe.model.source} allows {longest:.0f} tokens ({key} in its "
            f"config.json), so vLLM would not start. Set engine.max_model_len to {longest:.0f} or less."
        )


def _chosen_arguments(prospect: Prospect) -> Iterator[ProbeResult | AwqctlError]:
    """Ask before hours are spent where the recipe has arguments of its own; all others are known to be vLLM's."""
    if prospect.recipe.engine.extra_args and prospect.effort < Effort.THOROUGH:
        yield from _arguments(prospect)


def _arguments(prospect: Prospect) -> Iterator[ProbeResult | AwqctlError]:
    """Let the parser of an installed vLLM read the arguments; say so where there is none, or it does not answer."""
    python = _python(prospect)
    if python is None:
        spec = spec_for(ENGINE, prospect.planned[0])
        line = command("env sync", spec.name)
        yield _unchecked(f"no vLLM is installed whose parser could read them. `{line}` installs it.")
        return
    try:
        answer = _ask(python, prospect)
    except (WorkerError, OSError) as problem:
        reason = problem.message if isinstance(problem, WorkerError) else str(problem)
        yield _unchecked(f"vLLM's parser did not answer: {reason}")
        return
    if answer["problem"]:
        yield RecipeError(
            f"vLLM {answer['version']} refuses its arguments: {str(answer['problem']).rstrip('.')}. Correct the "
            f"section engine, above all engine.extra_args."
        )


def _ask(python: Path, prospect: Prospect) -> dict[str, object]:
    aside = prospect.aside
    request = {"module": MODULE, "arguments": engine_arguments(prospect.recipe.engine)}
    log = aside.logs / "preflight-vllm-arguments.log"
    log.unlink(missing_ok=True)
    with Worker(python, worker_script("vllm_arguments"), log=log, reporter=aside.reporter) as worker:
        return worker.call("read", request, "asking vLLM's parser")


def _python(prospect: Prospect) -> Path | None:
    """Return the interpreter of vLLM as it is planned, or of the build for another accelerator, or None."""
    if external := external_interpreter(ENGINE):
        return external[0]
    specs = sorted(
        (spec for spec in SPECS if spec.engine == ENGINE), key=lambda spec: spec.accelerator != prospect.planned[0]
    )
    found = (interpreter(spec, prospect.context.home) for spec in specs)
    return next((python for python in found if python is not None), None)


def _unchecked(reason: str) -> ProbeResult:
    return ProbeResult(subject=_ARGUMENTS, state="unchecked", text=f"The engine's arguments are not checked: {reason}")


PROBES = (
    Probe("context", _context, Effort.FILES, "The model allows engine.max_model_len."),
    Probe("engine", _machine, Effort.SECONDS, "vLLM can start with these settings here.", of_machine=True),
    Probe("vLLM", _interpreter, Effort.SECONDS, "Its environment is the locked one, or is there.", of_machine=True),
    Probe(_ARGUMENTS, _chosen_arguments, Effort.SECONDS, "vLLM's parser takes the engine's arguments."),
    Probe(_ARGUMENTS, _arguments, Effort.THOROUGH, "vLLM's parser takes the engine's arguments."),
)
