"""The chapters on the endpoint, the method, the environment and the files."""

from eval.accuracy.result import CONTROL
from pipeline.base.format import number, percent, plural
from pipeline.base.results import Outcome
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import facts_table, figure, numbers, word, words
from pipeline.report.chapters.accuracy_method import accuracy_method
from pipeline.report.chapters.checkpoint import control_method, quantization
from pipeline.report.document import Fact, Section, Table, Tone
from pipeline.report.inputs import Inputs
from serve.result import ServeResult

_OPEN_ROWS = 20
_TONES: dict[Outcome, Tone] = {"passed": "good", "failed": "bad", "inconclusive": "caution"}


def endpoint_section(endpoint: ServeResult, sources: tuple[str, ...]) -> Section:
    """Return what was tried against the running endpoint."""
    rows = tuple(
        (
            word(check.name),
            word("passed", "good") if check.passed else word("failed", "bad"),
            word(check.detail),
            figure(check.seconds, lambda value: number(value, 2)),
        )
        for check in endpoint.checks
    )
    encrypted = "with TLS" if endpoint.tls else "without TLS"
    return Section(
        id="endpoint",
        title="Endpoint",
        paragraphs=(
            (
                f"The AWQ model was started behind its gateway {encrypted}, and the checks below were run against "
                f"it. Routes let through: {', '.join(endpoint.routes)}. Gateway {endpoint.gateway_version}, engine "
                f"{endpoint.engine_version}, kernel {endpoint.kernel}."
            ),
        ),
        tables=(
            Table(
                id="endpoint-checks",
                title="Smoke test",
                columns=(*words("Check", "Result", "Detail"), *numbers("Seconds")),
                rows=rows,
                origin="measured",
                sources=sources,
            ),
        ),
    )


def method_section(inputs: Inputs) -> Section:
    """Return how every figure was obtained, and the gates that were applied."""
    recipe, load, accuracy = inputs.recipe, inputs.load, inputs.accuracy
    runs = (
        f"{plural(load.repeats, 'run')} per concurrency after {plural(recipe.bench.warmup_requests, 'warm-up request')}"
    )
    return Section(
        id="method",
        title="Method",
        bullets=(
            quantization(inputs),
            *([control_method(inputs)] if CONTROL in accuracy.arms else []),
            *accuracy_method(inputs),
            (
                f"Speed: the benchmark of vLLM {load.engine_version}; a fixed number of requests is in flight, a new "
                f"one starts when one ends; {runs} (seed {recipe.bench.seed})."
            ),
            (
                f"Speed of the arms on the same machine, one after the other, with the same engine arguments: "
                f"{' '.join(load.engine_arguments)}."
            ),
            (
                f"Check of the load generator: its token counts and the server's own differ by at most "
                f"{percent(load.counter_disagreement)}."
            ),
            (
                f"Costs: whole machines for the peak load, {recipe.roi.hours_per_month:g} hours a month, no discount, "
                f"no inflation."
            ),
            "Nothing is rounded before it is compared; figures are rounded when printed.",
        ),
        tables=(_gates(inputs),) if inputs.gates else (),
    )


def _gates(inputs: Inputs) -> Table:
    return Table(
        id="gates",
        title="Gates",
        columns=words("Stage", "Gate", "Result", "Statement"),
        rows=tuple(
            (
                word(stage),
                word(gate.name),
                word(gate.outcome, _TONES[gate.outcome]),
                word(gate.statement),
            )
            for stage, gate in inputs.gates
        ),
        sources=("record.json",),
    )


def environment_section(inputs: Inputs) -> Section:
    """Return machine, software, engine arguments and kernels."""
    environment, load = inputs.environment, inputs.load
    machine = environment.machine
    facts = (
        Fact(label="Processor", text=f"{machine.cpu}, {plural(machine.cores, 'core')}"),
        Fact(label="System memory", text=f"{number(machine.memory_gib)} GiB"),
        Fact(label="GPU", text="none" if inputs.on_cpu else inputs.hardware),
        Fact(label="GPU driver", text=next((gpu.driver for gpu in machine.cuda_gpus if gpu.driver), "none")),
        Fact(label="Platform", text=machine.platform),
        Fact(label="Engine", text=f"vLLM {load.engine_version}"),
        Fact(label="Engine arguments", text=" ".join(load.engine_arguments)),
        Fact(label="Kernel, baseline", text=load.of(BASELINE).kernel),
        Fact(label="Kernel, AWQ", text=load.of(AWQ).kernel),
        Fact(label="lm-eval", text=inputs.accuracy.lm_eval_version),
        Fact(label="Python", text=environment.python),
        Fact(label="awqctl", text=_awqctl(environment.awqctl, environment.git_commit)),
        Fact(label="Recipe", text=f"{inputs.recipe.name}, SHA-256 {inputs.recipe_digest}"),
    )
    packages = tuple(Fact(label=name, text=version) for name, version in sorted(environment.packages.items()))
    tables = [facts_table("environment-facts", "Machine and software", facts, sources=("record.json",))]
    if packages:
        table = facts_table("environment-packages", "Python packages", packages, sources=("record.json",))
        tables.append(table.model_copy(update={"folded": True}))
    return Section(id="environment", title="Environment", tables=tuple(tables))


def files_section(inputs: Inputs) -> Section:
    """Return every file of the run, with the time its stage took."""
    rows = [
        (word(stage), word(name), word(path))
        for stage in inputs.stages
        for name, path in sorted(inputs.record.stages[stage].artifacts.items())
    ]
    stages = tuple(
        (
            word(stage),
            word(result.outcome),
            word(result.started_at[:19].replace("T", " ")),
            figure(result.seconds),
        )
        for stage in inputs.stages
        for result in (inputs.record.stages[stage],)
    )
    sources = ("record.json",)
    return Section(
        id="files",
        title="Files",
        paragraphs=("Paths are relative to the output folder of the run. All figures above come from these files.",),
        tables=(
            Table(
                id="files-stages",
                title="Stages",
                columns=(*words("Stage", "Status", "Started (UTC)"), *numbers("Seconds")),
                rows=stages,
                origin="measured",
                sources=sources,
            ),
            Table(
                id="files-list",
                title="Artifacts",
                columns=words("Stage", "Name", "Path"),
                rows=(*rows, (word("all"), word("record"), word("record.json"))),
                sources=sources,
                folded=len(rows) > _OPEN_ROWS,
            ),
        ),
    )


def _awqctl(version: str, commit: str | None) -> str:
    return f"{version}, git commit {commit}" if commit else f"{version}, no git commit recorded"
