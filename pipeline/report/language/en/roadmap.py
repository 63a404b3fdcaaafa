"""What the chapter on the implementation says: phases, what each needs, and the way back."""

from collections.abc import Mapping
from typing import Literal

from pipeline.report.decision import Choice
from pipeline.report.language.en.words import Words

Phase = Literal["verify", "pilot", "canary", "shift", "rollback"]


class Roadmap(Words):
    """Its tables, with the commands."""

    title = "Implementation roadmap"
    absent = "There is no roadmap, because there is no AWQ checkpoint: `awqctl quantize` was not run."
    by_decision: Mapping[Choice, str] = {
        "deploy AWQ": "AWQ is recommended. Each phase begins when the one before it has passed.",
        "deploy FP8": (
            "FP8 is recommended, which needs no checkpoint of its own: the engine casts the 16-bit weights when it "
            "loads them. awqctl serves AWQ checkpoints alone, so serve FP8 with your own server in the same phases."
        ),
        "stay on 16 bit": (
            "Staying on 16 bit is recommended, so none of these phases is due. They stand here for the day on which "
            "the facts have changed."
        ),
        "not decided": (
            "Nothing is decided yet, so only the first phase is due, beside the commands under the recommendation."
        ),
    }
    phases: Mapping[Phase, str] = {
        "verify": "1. Verify",
        "pilot": "2. Pilot",
        "canary": "3. Canary",
        "shift": "4. Shift",
        "rollback": "Rollback, at any time",
    }
    table = "Phases"
    columns = ("Phase", "What is done", "Passed when", "What it needs")

    def verify(self, command: str) -> str:
        return f"{command} on the checkpoint, where it will be served."

    def verify_passed(self, digest: str) -> str:
        return f"It ends with code 0, and the digest is {digest}."

    verify_needs = "The checkpoint; no GPU."

    def pilot(self, run: str, serve: str) -> str:
        return f"{run} on the machine that is meant for production, then {serve} there for a few people."

    def pilot_passed(self, gates: str) -> str:
        return f"Accuracy, speed and endpoint pass there as here ({gates} in this run)."

    def server(self, devices: str, weights: str, cache: str) -> str:
        return f"One server: {devices}, weights of {weights} GiB, a KV cache of {cache} tokens."

    def canary(self, keys: str, bench: str) -> str:
        return (
            f"{keys}, and your balancer sends a small part of the traffic to AWQ. The baseline goes on as it is; "
            f"{bench} measures either server as it stands."
        )

    canary_passed = "For a week errors, latency and complaints of AWQ are no more than the baseline's beside it."

    def canary_needs(self, awq: str, baseline: str) -> str:
        return f"One machine for AWQ beside those of the baseline ({baseline} at this load, later {awq} of AWQ)."

    shift = "Your balancer sends AWQ half of the traffic, then all; the baseline stays up, without traffic."

    shift_passed = "The service level is kept through a whole week, peaks included, and the acceptance is signed."

    def shift_needs(self, awq: str, baseline: str) -> str:
        return f"Machines for AWQ: {awq}. Machines of the baseline until the acceptance is signed: {baseline}."

    def not_priced(self, command: str) -> str:
        return f"The number of machines is not known, because the load was not priced: {command}."

    def rollback(self, checkpoints: str) -> str:
        return (
            f"Your balancer sends all traffic to the baseline; then end `awqctl serve` with Ctrl-C or SIGTERM, which "
            f"lets answers under way end. {checkpoints} lists the checkpoints that were replaced, to go back to one."
        )

    rollback_passed = "The baseline answers all requests; nothing of the model or the clients has changed."

    rollback_needs = "The baseline's machines, kept running: that is why they are let go last."

    model_folder = "FOLDER"
    """Stands for that of the source model."""

    def baseline(self, command: str) -> str:
        return (
            f"awqctl has no command that serves the 16-bit baseline: keep the server that you have, which is the way "
            f"back. With the settings that were measured here a server of it is {command}."
        )

    processors = "no GPU"
    memory_table = "Memory of one server"
    memory_columns = ("Arm", "Weights, GiB", "KV cache, tokens", "Requests of full length at once")

    def memory_note(self, command: str) -> str:
        return (
            f"As the engines stated it, or by the size of the files. {command} works it out for another GPU before "
            f"anything runs."
        )

    no_bench = "What a server takes in memory was not measured: `awqctl bench` was not run."
    gates_passed = "every gate passed"
    gates_open = "not every gate passed"
