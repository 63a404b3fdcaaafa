"""What the chapter on throughput says."""

from collections.abc import Mapping

from eval.bench.comparison import Direction
from pipeline.base.format import count
from pipeline.report.language.en.words import Words


class Throughput(Words):
    """Its tables and charts, and what was not measured."""

    title = "Throughput"
    absent = "Throughput and latency were not measured: `awqctl bench` was not run."
    baseline = "Baseline"
    directions: Mapping[Direction, str] = {
        "faster": "faster",
        "slower": "slower",
        "not decided": "not decided",
        "not repeated": "not repeated",
    }

    interval = "Welch's t on logarithms"

    def interval_by_first(self, runs: str) -> str:
        return f"Student's t on logarithms, by how far the first {runs} differ"

    def method(self, input_tokens: str, output_tokens: str, runs: str, interval: str, sure: str) -> str:
        return (
            f"Each request has {input_tokens} input and {output_tokens} output tokens. "
            f"Every point is the geometric mean of {runs}; the range beside it is the slowest and the fastest of them. "
            f"Every ratio has an interval ({interval}); those of all concurrencies hold together with "
            f"{sure} confidence. AWQ is called faster or slower where the interval leaves no other answer, and not "
            f"decided elsewhere."
        )

    def prompts_of(self, prompts: int) -> str:
        return f"the tokens of one of {count(prompts)} prompts of your own as"

    def conversations_of(self, conversations: int) -> str:
        return (
            f"the tokens of a turn of one of {count(conversations)} conversations of your own, with what was said "
            f"before, as"
        )

    table = "Output throughput, tokens/s"
    columns = ("Concurrency", "Baseline (range)", "AWQ (range)", "AWQ / baseline", "Interval of the ratio", "AWQ is")
    note = (
        "Equal speeds at all concurrencies are called faster or slower anywhere in at most one of twenty benchmarks. "
        "More repeats (`bench.repeats`, or `bench.precision`) make the intervals narrower."
    )

    each_columns = ("Concurrency", "Arm", "Output tokens/s (range)", "Interval of the mean", "")
    overload = "overload"

    def each_note(self, sure: str) -> str:
        return (
            f"Each interval holds with {sure} confidence by itself. AWQ and the baseline were not both measured, so "
            f"nothing is compared."
        )

    def left_out_void(self, concurrencies: str) -> str:
        return f"Left out: concurrency {concurrencies}, where the point of an arm is void."

    def left_out_overloaded(self, concurrencies: str) -> str:
        return (
            f"Left out: concurrency {concurrencies}, more than an engine serves at once (table of overload in the next "
            f"chapter)."
        )

    rates = "Requests and total throughput"
    rates_columns = ("Concurrency", "Arm", "Requests per run", "Requests/s", "Input + output tokens/s", "Run, s")

    concurrency = "Concurrency, requests in flight"
    chart = "Output throughput over concurrency"
    chart_y = "Output tokens per second"
    chart_unit = "tokens/s"

    def chart_caption(self, sure: str) -> str:
        return (
            f"Lines: means of the repeats. Bands: the interval of each mean ({sure}, each by itself; none where so few "
            f"runs do not tell). Bars: from the slowest to the fastest run."
        )

    def range_of(self, arm: str) -> str:
        return f"{arm}, slowest to fastest run"

    def chart_alternative(self, arms: str) -> str:
        return f"Line chart. Output tokens per second, {arms}."

    def at(self, value: str, concurrency: str) -> str:
        return f"{value} at {concurrency}"

    def arm(self, arm: str, values: str) -> str:
        return f"{arm}: {values}"

    ratio_chart = "Speed of AWQ relative to the baseline"
    ratio_y = "AWQ / baseline; above 1 AWQ is faster"
    ratio_name = "AWQ / baseline"
    ratio_mark = "as fast"
    ratio_caption = "Dots: means; bars: intervals that hold together. A hollow dot means not decided."

    def ratio_alternative(self, ratios: str) -> str:
        return f"Dot chart. {ratios}."

    def ratio(self, ratio: str, concurrency: str, direction: str) -> str:
        return f"{ratio} at concurrency {concurrency}, {direction}"

    limit_gpu = (
        "GPU speed: the run used the CPU. Its throughput, latency and costs say nothing about a GPU, where other "
        "kernels run. The accuracy figures are of the same weights, but GPU kernels round differently."
    )
    limit_repeats = "Each speed was measured once."
    limit_start = (
        "Another start of the engines: the repeats are of one start each, first of one arm and then of the other, and "
        "intervals know only what differs between them. `bench.order: alternate` starts an engine for every repeat."
    )
    assumed_machines = "; the costs assume that n machines carry n times the load"

    def limit_machine(self, hardware: str, assumed: str) -> str:
        return f"One machine: {hardware}. Several machines behind a balancer were not measured{assumed}."

    def limit_lengths(self, input_tokens: str, output_tokens: str) -> str:
        return (
            f"Other lengths: every request had {input_tokens} input and {output_tokens} output "
            f"tokens. Real traffic mixes lengths."
        )

    def limit_prompts(self, prompts: int, output_tokens: str) -> str:
        return (
            f"Other prompts: every request had one of {count(prompts)} prompts of your own, with {output_tokens} "
            f"output tokens."
        )

    def limit_traffic(self, requests: str, *, own: bool) -> str:
        prompts = "your own" if own else "synthetic"
        return (
            f"Real traffic: prompts were {prompts} and at most {requests} requests were in flight. Bursts and "
            f"queues beyond that were not measured."
        )

    def limit_duration(self, seconds: str) -> str:
        return f"Long runs: the longest single run took {seconds} s. Behaviour over hours was not measured."
