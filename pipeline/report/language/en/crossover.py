"""What the chapter on the crossover says: up to where an arm wins, what is of use, what binds, and overload."""

from collections.abc import Mapping

from eval.bench.arm_crossover import Comparison
from eval.bench.assessment import Counter, Growth, Reason, Resource
from eval.bench.crossover import Kind
from eval.bench.goodput import Verdict
from pipeline.report.language.en.words import Words


class CrossoverSentences(Words):
    """Its tables, its chart, and the sentence that stands on the first page."""

    title = "Crossover"

    def method(self, sure: str) -> str:
        return (
            f"Found from the ratios of the levels and their intervals, which hold together with {sure} confidence. "
            f"Between neighbouring levels the ratio is taken as a straight line of logarithms; the interval of a "
            f"crossover is where 1 lies between the line through the lower and the line through the upper ends. "
            f"Nothing is said beyond the levels measured."
        )

    no_service_level = (
        "No service level was agreed (`bench.service_level` with `ttft_ms`, `tpot_ms` or `e2e_ms`), so goodput is not "
        "known: throughput also counts tokens that came too late to be of use."
    )

    def service_level(self, limits: str, share: str) -> str:
        return (
            f"Service level: {limits}, kept by at least {share} of the requests. Goodput counts the output tokens of "
            f"requests that keep these limits, and no others."
        )

    def limit(self, name: str, milliseconds: str) -> str:
        return f"{name} at most {milliseconds} ms"

    limit_names: Mapping[str, str] = {"ttft_ms": "TTFT", "tpot_ms": "TPOT", "e2e_ms": "E2E"}

    same_money = (
        "A machine costs the same whichever arm it serves, so for the price of one machine the crossover is that of "
        "the same GPU; the money differs where an arm needs fewer machines. A cheaper GPU that smaller weights fit on "
        "has to be measured: `awqctl plan` names such, and `awqctl bench rank` compares runs per dollar."
    )

    def machines(self, load: str, arms: str, by: str) -> str:
        return f"For the same money: at the peak of {load} output tokens/s {arms}, {by}."

    def needs(self, arm: str, machines: str, *, one: bool) -> str:
        return f"{arm} needs {machines} {self.nouns['machine'][not one]}"

    by: Mapping[bool, str] = {
        False: "by the highest throughput, whatever the latency",
        True: "by goodput at the service level where an arm is shown to keep it",
    }

    table = "Up to which concurrency an arm wins"
    columns = ("Comparison", "Arm", "Result", "At about", "Interval", "Wins at", "Loses at", "Not decided at")
    comparisons: Mapping[Comparison, str] = {
        "throughput": "Same GPU (throughput)",
        "goodput": "Same service level (goodput)",
    }
    kinds: Mapping[Kind, str] = {
        "crossing": "crossover",
        "above the highest": "wins at every level; above the highest, not measured",
        "below the lowest": "loses at every level; below the lowest, not measured",
        "more than one": "more than one crossover",
        "not decided": "not decided",
    }
    note = (
        "Levels at which one of both is overloaded are left out; where one has no goodput in a run, there is no "
        "ratio, and nothing is decided. `bench.repeats` makes the interval narrower, levels between those that decide "
        "it (`bench.concurrency`) make the line shorter."
    )

    ahead: Mapping[Comparison, tuple[str, str]] = {
        "throughput": ("faster", "slower"),
        "goodput": ("ahead in goodput", "behind"),
    }

    def stops(self, arm: str, ahead: tuple[str, str], at: str, low: str, high: str, beyond: str) -> str:
        won, lost = ahead
        return f"{arm} is {won} up to about {at} concurrent requests ({low} to {high}); at {beyond} it is {lost}."

    def starts(self, arm: str, ahead: tuple[str, str], at: str, low: str, high: str, before: str) -> str:
        won, lost = ahead
        return f"{arm} is {lost} up to {before} concurrent requests and {won} from about {at} on ({low} to {high})."

    def always(self, arm: str, ahead: tuple[str, str], levels: str) -> str:
        return (
            f"{arm} is {ahead[0]} at every concurrency compared ({levels}); whether and where that ends above is not "
            f"known."
        )

    def never(self, arm: str, ahead: tuple[str, str], levels: str) -> str:
        return f"{arm} is {ahead[1]} at every concurrency compared ({levels})."

    def several(self, arm: str, ahead: tuple[str, str], places: str) -> str:
        return f"{arm} is {ahead[0]} and {ahead[1]} in turns: the ratio passes 1 more than once, at about {places}."

    def undecided(self, arm: str, ahead: tuple[str, str], known: str) -> str:
        return f"Up to which concurrency {arm} is {ahead[0]} is not decided{known}."

    def known(self, ahead: tuple[str, str], won: str, lost: str) -> str:
        parts = [f"{word} at {where}" for word, where in zip(ahead, (won, lost), strict=True) if where]
        return f"; it is {' and '.join(parts)}" if parts else ""

    def place(self, at: str, low: str, high: str) -> str:
        return f"{at} ({low} to {high})"

    chart = "Crossover of AWQ and the baseline"
    chart_y = "AWQ / baseline; above 1 AWQ is faster"
    chart_mark = "as fast"
    chart_band = "AWQ / baseline"
    chart_crossing = "crossover"
    chart_caption = (
        "Dots: ratios of the levels; band: what they can be. Shaded: the interval of the crossover. A hollow dot means "
        "not decided."
    )

    def chart_alternative(self, sentence: str, ratios: str) -> str:
        return f"Line chart. {sentence} {ratios}."

    goodput_table = "Goodput at the service level"
    goodput_columns = ("Concurrency", "Arm", "Requests that keep it", "Service level is", "Goodput, tokens/s")
    verdicts: Mapping[Verdict, str] = {"kept": "kept", "missed": "missed", "not decided": "not decided"}
    goodput_note = (
        "Kept or missed where the exact binomial test over the requests of all repeats shows it and no repeat says "
        "otherwise; the verdicts of an arm hold together with 95 % confidence. Failed requests keep nothing. Goodput "
        "is over the whole run, ramps included."
    )

    def keeps(self, arm: str, level: str) -> str:
        return f"{arm} keeps the service level up to {level} concurrent requests"

    def misses(self, level: str) -> str:
        return f" and misses it at {level}"

    def keeps_everywhere(self, arm: str, level: str) -> str:
        return f"{arm} keeps the service level at every concurrency that has figures, the highest {level}"

    def keeps_nowhere(self, arm: str, level: str) -> str:
        return f"{arm} misses the service level already at {level} concurrent requests"

    def keeping_undecided(self, arm: str) -> str:
        return (
            f"up to which concurrency {arm} keeps the service level is not decided; it takes more requests or repeats"
        )

    money_table = "Same money: what tokens cost, and machines for the peak"
    money_columns = ("Arm", "By", "At concurrency", "Output tokens/s", "Per million tokens", "Machines for the peak")
    bases: Mapping[bool, str] = {False: "highest throughput", True: "goodput at the service level"}
    money_note = (
        "Tokens of one machine that is always busy; machines for the peak of `roi.load`. An arm that is not shown to "
        "keep the service level has no row for it."
    )

    binding_table = "What binds"
    binding_columns = ("Concurrency", "Arm", "Bound by", "Evidence", "Throughput with more requests")
    binding_note = (
        "From counters and, where the rates of the GPU are known, the roofline; never from the concurrency alone. What "
        "is attainable is modelled: the catalogue's rates, and the fraction of them that such GPUs reach. The last "
        "column is an inference from scaling: throughput that rises in proportion is not bound by compute."
    )
    resources: Mapping[Resource, str] = {
        "client": "client",
        "KV cache": "KV cache",
        "queue": "queue",
        "memory bandwidth": "memory bandwidth",
        "compute": "compute",
        "not known": "not known",
    }
    counters: Mapping[Counter, str] = {
        "client_cpu_share": "client's share of the processors",
        "client_ceiling_share": "share of the client's ceiling",
        "preempted_share": "preemptions per request",
        "kv_cache_usage": "KV cache in use",
        "waiting_share": "time with requests waiting",
        "bandwidth_share": "of attainable bandwidth",
        "compute_share": "of attainable compute",
    }
    growths: Mapping[Growth, str] = {
        "proportional": "rises in proportion",
        "between": "rises by less",
        "none": "does not rise",
    }
    meanings: Mapping[Resource, str] = {
        "client": (
            "Where the client binds, the engine is not at its limit: offer the load from a stronger machine before "
            "anything is said of the hardware."
        ),
        "KV cache": (
            "Where the KV cache binds, a GPU with more memory, smaller weights or `engine.kv_cache_dtype: fp8` serves "
            "more; more bandwidth or compute does not."
        ),
        "queue": (
            "Where the queue binds, requests wait most of the time until the engine begins them, for want of sequences "
            "(`engine.max_num_seqs`) or of prompt tokens per step (`--max-num-batched-tokens` in `engine.extra_args`): "
            "raise these, or add machines."
        ),
        "memory bandwidth": (
            "Where memory bandwidth binds, choose a GPU by its bandwidth: more compute does not help, and smaller "
            "weights do."
        ),
        "compute": (
            "Where compute binds, choose a GPU by its compute in the format that is multiplied in: smaller weights do "
            "not help, and FP8 arithmetic does."
        ),
        "not known": (
            "Where it is not known, no counter decides between bandwidth and compute: a CPU has none for them, and of "
            "a GPU that is not in the catalogue the rates are not known."
        ),
    }

    def sign(self, counter: str, value: str) -> str:
        return f"{value} {counter}"

    overload_table = "Overload"
    overload_columns = ("Concurrency", "Arm", "Why", "Failed", "Fairness", "Slowest / median", "Queue lasted, s")
    overload_note = (
        "More requests than the engine serves at once: such levels say nothing of speed. Fairness: Jain's index of the "
        "time per token, 1 where all are served alike. The queue lasted from the last arrival until every request had "
        "its first token. Means over the runs."
    )

    def reason(self, reason: Reason, limit: str) -> str:
        return {
            "sequences": f"above max_num_seqs ({limit})",
            "KV cache": f"KV cache holds {limit} requests",
            "queue": f"requests waiting {limit} of the time",
        }[reason]

    limit_levels = (
        "Concurrencies between the levels measured: where the ratio between two of them is no straight line, the "
        "crossover is elsewhere between these two."
    )
