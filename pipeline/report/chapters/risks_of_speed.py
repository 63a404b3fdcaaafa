"""Risks of speed: where it was measured, with what, and for how long."""

from collections.abc import Iterator

from eval.bench.result import BenchResult
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.inputs import Inputs
from pipeline.report.risk import Risk, awqctl

_IN_RECIPE = "record.json#/recipe/"
_RESULTS = "bench/results.json#/"
_MINUTES = ("--soak", "--minutes", "10")


def speed_risks(inputs: Inputs) -> Iterator[Risk]:
    """Yield the risks of speed."""
    say, bench = inputs.say.risks, awqctl("bench", inputs.recipe.name)
    if not inputs.has(BenchResult) or not inputs.load.has_arms(BASELINE, AWQ):
        yield Risk("high", say.no_speed, say.run(bench), "record.json#/stages")
    if not inputs.has(BenchResult):
        return
    yield from _of_the_machine(inputs)
    yield from _of_the_load(inputs)
    yield from _of_minutes(inputs)


def _of_the_machine(inputs: Inputs) -> Iterator[Risk]:
    say, name, machine = inputs.say.risks, inputs.recipe.name, "record.json#/stages/bench/environment/machine"
    if inputs.on_cpu:
        yield Risk("high", say.on_cpu(inputs.hardware), say.production_gpu(awqctl("run", name)), machine)
    else:
        yield Risk("low", say.one_machine(inputs.hardware), say.repeat_elsewhere(awqctl("run", name)), machine)
    sick = [one for one in inputs.record.stages["bench"].health if one.state in ("warn", "fail")]
    if sick:
        names = say.listing(list(dict.fromkeys(inputs.say.stored.health_name(one.name) for one in sick)))
        mend = say.look_at_machine("`awqctl doctor`", awqctl("bench", name))
        yield Risk("medium", say.sick_machine(names), mend, "record.json#/stages/bench/health")


def _of_the_load(inputs: Inputs) -> Iterator[Risk]:
    say, load, bench = inputs.say.risks, inputs.load, awqctl("bench", inputs.recipe.name)
    if load.void_loads:
        text = say.void_loads(str(len(load.void_loads)), str(load.loads))
        yield Risk("medium", text, say.run(bench), f"{_RESULTS}arms")
    if load.prompts is None:
        text = say.made_up_prompts(str(load.input_tokens), str(load.output_tokens))
        yield Risk("medium", text, say.own_prompts(bench), f"{_IN_RECIPE}bench/prompts")
    if load.service_level is None:
        yield Risk("medium", say.no_service_level, say.agree_level(bench), f"{_IN_RECIPE}bench/service_level")
    cache = inputs.recipe.engine.kv_cache_dtype
    if cache is not None and ("8" in cache or "4" in cache):
        again = say.unquantized_cache(awqctl("eval", inputs.recipe.name))
        yield Risk("medium", say.quantized_cache(cache), again, f"{_IN_RECIPE}engine/kv_cache_dtype")


def _of_minutes(inputs: Inputs) -> Iterator[Risk]:
    say, soaks = inputs.say.risks, inputs.load.soaks
    if not any(soak.verdict for soak in soaks):
        hold = say.run(awqctl("bench", inputs.recipe.name, *_MINUTES))
        yield Risk("medium", say.no_soak, hold, f"{_RESULTS}soaks")
    drifting = [say.name_of(soak.arm or "") for soak in soaks if soak.verdict == "drifting"]
    if drifting:
        yield Risk("high", say.soak_drifts(say.listing(drifting)), say.find_drift, f"{_RESULTS}soaks")
