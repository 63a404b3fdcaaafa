"""The chapter on the implementation: phases with their commands, what each needs, and the way back to 16 bit."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from eval.bench.result import BenchResult
from pipeline.base.format import count, number
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.record.record import RECORD
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.decision_facts import decision_of
from pipeline.report.cost_figures import figure_keys, ranged
from pipeline.report.document import Cell, Section, Table
from pipeline.report.inputs import Inputs
from pipeline.report.risk import awqctl
from pipeline.roi.result import RoiResult

if TYPE_CHECKING:
    from pipeline.report.language.en.roadmap import Phase


def roadmap_section(inputs: Inputs) -> Section:
    """Return the phases from the checkpoint to all traffic."""
    say = inputs.say.roadmap
    arguments = inputs.load.engine_arguments if inputs.has(BenchResult) else ()
    model = say.model_folder if inputs.quantize.source_commit is None else inputs.quantize.source
    return Section(
        id="roadmap",
        title=say.title,
        paragraphs=(
            say.by_decision[decision_of(inputs).choice],
            say.baseline(f"`{' '.join(('vllm', 'serve', model, *arguments))}`"),
        ),
        tables=(_phases(inputs), *_memory(inputs)),
    )


def _phases(inputs: Inputs) -> Table:
    say = inputs.say.roadmap
    rows: Mapping[Phase, tuple[Cell, ...]] = {
        "verify": _verify(inputs),
        "pilot": _pilot(inputs),
        "canary": _canary(inputs),
        "shift": (word(say.shift), word(say.shift_passed), _both(inputs, say.shift_needs)),
        "rollback": _rollback(inputs),
    }
    return Table(
        id="roadmap-phases",
        title=say.table,
        columns=words(*say.columns),
        rows=tuple((word(say.phases[phase]), *cells) for phase, cells in rows.items()),
        sources=(RECORD, *(inputs.sources(RoiResult.STAGE) if inputs.has(RoiResult) else ())),
    )


def _verify(inputs: Inputs) -> tuple[Cell, ...]:
    say, digest = inputs.say.roadmap, inputs.quantize.checkpoint_digest
    verify = f"`awqctl verify out/{inputs.recipe.folder_name}/checkpoint`"
    return word(say.verify(verify)), word(say.verify_passed(digest)), word(say.verify_needs)


def _pilot(inputs: Inputs) -> tuple[Cell, ...]:
    say, name = inputs.say.roadmap, inputs.recipe.name
    passed = all(gate.passed for _, gate in inputs.gates)
    return (
        word(say.pilot(awqctl("run", name), awqctl("serve", name))),
        word(say.pilot_passed(say.gates_passed if passed else say.gates_open)),
        _server(inputs),
    )


def _canary(inputs: Inputs) -> tuple[Cell, ...]:
    say = inputs.say.roadmap
    return (
        word(say.canary("`awqctl keys add canary`", "`awqctl bench --endpoint URL`")),
        word(say.canary_passed),
        _both(inputs, say.canary_needs),
    )


def _rollback(inputs: Inputs) -> tuple[Cell, ...]:
    say = inputs.say.roadmap
    checkpoints = awqctl("checkpoints ls", inputs.recipe.name)
    return word(say.rollback(checkpoints)), word(say.rollback_passed), word(say.rollback_needs)


def _server(inputs: Inputs) -> Cell:
    """Return what one server of AWQ takes, as its engine stated it."""
    say = inputs.say.roadmap
    if not inputs.has(BenchResult) or not inputs.load.has_arms(AWQ):
        return word(say.no_bench)
    memory = inputs.load.of(AWQ).memory
    text = say.server(_devices(inputs), number(memory.weights_gib), count(memory.kv_cache_tokens))
    return word(text, evidence=inputs.evidence.of(memory, "weights_gib", "kv_cache_tokens"))


def _devices(inputs: Inputs) -> str:
    say = inputs.say.roadmap
    return say.processors if inputs.on_cpu else say.amount(inputs.recipe.engine.workers, "GPU")


def _both(inputs: Inputs, sentence: Callable[[str, str], str]) -> Cell:
    """Return how many machines AWQ and the baseline take at the recipe's load; that it is not known without prices."""
    say = inputs.say.roadmap
    if not inputs.has(RoiResult):
        return word(say.not_priced(awqctl("roi", inputs.recipe.name)))
    found = [inputs.costs.of(arm).machines for arm in (AWQ, BASELINE)]
    printed = (ranged(one, count, inputs.say.costs) for one in found)
    return word(sentence(*printed), evidence=tuple(key for one in found for key in figure_keys(one, inputs.evidence)))


def _memory(inputs: Inputs) -> tuple[Table, ...]:
    """Return the memory of one server of AWQ and of the baseline; no table where it was not measured."""
    if not inputs.has(BenchResult):
        return ()
    say, evidence = inputs.say.roadmap, inputs.evidence
    rows = tuple(
        (
            word(say.title_of(load.arm)),
            shown(evidence, load.memory, "weights_gib"),
            shown(evidence, load.memory, "kv_cache_tokens", count),
            shown(evidence, load.memory, "max_concurrency"),
        )
        for load in inputs.load.arms
        if load.arm in (AWQ, BASELINE)
    )
    table = Table(
        id="roadmap-memory",
        title=say.memory_table,
        columns=(*words(say.memory_columns[0]), *numbers(*say.memory_columns[1:])),
        rows=rows,
        origin="measured",
        note=say.memory_note(awqctl("plan", inputs.recipe.name, "--gpu", "NAME")),
        sources=inputs.sources(BenchResult.STAGE),
    )
    return (table,) if rows else ()


ROADMAP = Chapter(
    id="roadmap",
    write=roadmap_section,
    needs=(QuantizeResult,),
    absent=lambda say: say.roadmap.absent,
)
