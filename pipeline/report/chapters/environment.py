"""The chapter on the environment: machine, software, engine arguments and kernels."""

from collections.abc import Iterable

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.format import number, plural
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import facts_table, word
from pipeline.report.chapter import Chapter
from pipeline.report.document import Section, Table
from pipeline.report.evidence import RECORD
from pipeline.report.inputs import Inputs


def environment_section(inputs: Inputs) -> Section:
    """Return machine, software, engine arguments and kernels."""
    environment = inputs.environment
    machine = environment.machine
    facts = (
        ("Processor", f"{machine.cpu}, {plural(machine.cores, 'core')}"),
        ("System memory", f"{number(machine.memory_gib)} GiB"),
        ("GPU", "none" if inputs.on_cpu else inputs.hardware),
        ("GPU driver", next((gpu.driver for gpu in machine.cuda_gpus if gpu.driver), "none")),
        ("Platform", machine.platform),
        *(_engine(inputs.load) if inputs.has(BenchResult) else ()),
        *((("lm-eval", inputs.accuracy.lm_eval_version),) if inputs.has(EvalResult) else ()),
        ("Python", environment.python),
        ("awqctl", _awqctl(environment.awqctl, environment.git_commit)),
        ("Recipe", f"{inputs.recipe.name}, SHA-256 {inputs.recipe_digest}"),
    )
    tables = [_table("environment-facts", "Machine and software", facts)]
    if environment.packages:
        table = _table("environment-packages", "Python packages", sorted(environment.packages.items()))
        tables.append(table.model_copy(update={"folded": True}))
    return Section(id="environment", title="Environment", tables=tuple(tables))


def _table(name: str, title: str, facts: Iterable[tuple[str, str]]) -> Table:
    return facts_table(name, title, ((label, word(text)) for label, text in facts), sources=(RECORD,))


def _engine(load: BenchResult) -> tuple[tuple[str, str], ...]:
    return (
        ("Engine", f"vLLM {load.engine_version}"),
        ("Engine arguments", " ".join(load.engine_arguments)),
        ("Kernel, baseline", load.of(BASELINE).kernel),
        ("Kernel, AWQ", load.of(AWQ).kernel),
    )


def _awqctl(version: str, commit: str | None) -> str:
    return f"{version}, git commit {commit}" if commit else f"{version}, no git commit recorded"


ENVIRONMENT = Chapter(id="environment", write=environment_section)
