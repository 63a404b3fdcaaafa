"""The chapter on the environment: machine, software, engine arguments and kernels."""

from collections.abc import Iterable

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.format import number
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.record.record import RECORD
from pipeline.report.cells import facts_table, word
from pipeline.report.chapter import Chapter
from pipeline.report.document import Section, Table
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.environment import Environment


def environment_section(inputs: Inputs) -> Section:
    """Return machine, software, engine arguments and kernels."""
    environment = inputs.environment
    machine, say = environment.machine, inputs.say.environment
    facts = (
        (say.processor, f"{machine.cpu}, {say.amount(machine.cores, 'core')}"),
        (say.memory, f"{number(machine.memory_gib)} GiB"),
        (say.gpu, say.none if inputs.on_cpu else inputs.hardware),
        (say.driver, next((gpu.driver for gpu in machine.cuda_gpus if gpu.driver), say.none)),
        (say.platform, machine.platform),
        *(_engine(inputs.load, say) if inputs.has(BenchResult) else ()),
        *((("lm-eval", inputs.accuracy.lm_eval_version),) if inputs.has(EvalResult) else ()),
        ("Python", environment.python),
        ("awqctl", say.commit(environment.awqctl, environment.awqctl_commit)),
        (say.recipe, say.recipe_text(inputs.recipe.name, inputs.recipe_digest)),
        (say.recipe_commit, environment.recipe_commit or say.none),
    )
    tables = [_table("environment-facts", say.machine, facts, say)]
    if environment.packages:
        table = _table("environment-packages", say.packages, sorted(environment.packages.items()), say)
        tables.append(table.model_copy(update={"folded": True}))
    return Section(id="environment", background=True, title=say.title, tables=tuple(tables))


def _table(name: str, title: str, facts: Iterable[tuple[str, str]], say: Environment) -> Table:
    return facts_table(name, title, ((label, word(text)) for label, text in facts), say, sources=(RECORD,))


def _engine(load: BenchResult, say: Environment) -> tuple[tuple[str, str], ...]:
    kernels = {BASELINE: say.kernel_baseline, AWQ: say.kernel_awq}
    return (
        (say.engine, load.engine_version),
        (say.arguments, " ".join(load.engine_arguments)),
        *((label, load.of(arm).kernel) for arm, label in kernels.items() if load.has_arms(arm)),
    )


ENVIRONMENT = Chapter(id="environment", write=environment_section)
