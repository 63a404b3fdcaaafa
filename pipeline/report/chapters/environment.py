"""The chapter on the environment: machine, software, engine arguments and kernels."""

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.format import number, plural
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import facts_table
from pipeline.report.chapter import Chapter
from pipeline.report.document import Fact, Section
from pipeline.report.inputs import Inputs


def environment_section(inputs: Inputs) -> Section:
    """Return machine, software, engine arguments and kernels."""
    environment = inputs.environment
    machine = environment.machine
    facts = (
        Fact(label="Processor", text=f"{machine.cpu}, {plural(machine.cores, 'core')}"),
        Fact(label="System memory", text=f"{number(machine.memory_gib)} GiB"),
        Fact(label="GPU", text="none" if inputs.on_cpu else inputs.hardware),
        Fact(label="GPU driver", text=next((gpu.driver for gpu in machine.cuda_gpus if gpu.driver), "none")),
        Fact(label="Platform", text=machine.platform),
        *(_engine(inputs.load) if inputs.has(BenchResult) else ()),
        *((Fact(label="lm-eval", text=inputs.accuracy.lm_eval_version),) if inputs.has(EvalResult) else ()),
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


def _engine(load: BenchResult) -> tuple[Fact, ...]:
    return (
        Fact(label="Engine", text=f"vLLM {load.engine_version}"),
        Fact(label="Engine arguments", text=" ".join(load.engine_arguments)),
        Fact(label="Kernel, baseline", text=load.of(BASELINE).kernel),
        Fact(label="Kernel, AWQ", text=load.of(AWQ).kernel),
    )


def _awqctl(version: str, commit: str | None) -> str:
    return f"{version}, git commit {commit}" if commit else f"{version}, no git commit recorded"


ENVIRONMENT = Chapter(id="environment", write=environment_section)
