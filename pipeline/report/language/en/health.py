"""What the chapter on the machine's health says."""

from collections.abc import Mapping

from pipeline.hardware.health.check import State
from pipeline.hardware.health.summary import EnergyFrom
from pipeline.report.language.en.words import Words


class Health(Words):
    """Its tables, and what was not reported."""

    title = "Health during the measurement"
    absent = "Health of the machine: no readings of heat, power, clocks or other programs under load."

    def sampled(self, samples: str, runs: str) -> str:
        return (
            f"The machine was read before, once a second during, and after every run: {samples} readings in {runs}. "
            f"A run in which a check fails is void. What a device does not report counts as unknown, not as passed."
        )

    gpus = "GPUs while the load ran"
    gpus_columns = (
        *("Concurrency", "Arm", "GPU", "Busy, %", "Memory, GiB", "Hottest, °C", "Below the limit, °C", "Power, W"),
        *("Limit, W", "Clock, MHz", "Slowed down", "J per output token"),
    )
    gpus_note = (
        "Over the runs that stand: means of utilization, power and clock, the highest memory and temperature, the "
        "smallest distance from the temperature at which clocks are lowered. `Slowed down` is the share of the time "
        "in which heat or a power brake lowered the clock, in the worst run; the power limit, which a GPU at full load "
        "works at, is not counted. Energy is that of all GPUs together."
    )
    energy: Mapping[EnergyFrom, str] = {
        "counter": "Energy is of the GPUs' own counters, from the start of the load client to its end.",
        "power": "Energy is power integrated over the readings, because no counter is reported.",
    }
    host = "Processors and memory while the load ran"
    host_columns = (
        *(
            "Concurrency",
            "Arm",
            "Other programs",
            "Stolen by the hypervisor",
            "Least free memory, GiB",
            "Hottest, °C",
            "Clock, MHz",
        ),
    )
    host_note = "Shares of the processors' time, in the worst run of each point; the clock is the mean of all runs."
    checks = "Checks that did not pass in every run"
    checks_columns = ("Of", "Check", "In the worst run", "Found", "What to do")
    checks_note = "Limits are the vendor's own thresholds and counters; `awqctl doctor --gpu` checks them again."
    before = "Checks that did not pass before the measurement"
    before_columns = ("Of", "Check", "Is", "Found", "What to do")
    states: Mapping[State, str] = {"pass": "pass", "warn": "warning", "fail": "failed", "not reported": "not reported"}
    limit_energy = "Energy and power: no GPU reported them."
    machine = "Machine"

    def soak(self, concurrency: str) -> str:
        return f"{concurrency}, soak"

    def of(self, subject: str) -> str:
        return self.machine if subject == "machine" else subject

    def silent(self, names: str) -> str:
        return f"Health that the machine does not report: {names}."
