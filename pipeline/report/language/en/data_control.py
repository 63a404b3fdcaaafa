"""What the chapter on data control says: what leaves the machine, and what shows it."""

from collections.abc import Mapping
from typing import Literal

from pipeline.report.language.en.words import Words

Leaving = Literal["nothing", "a request", "data", "not confined", "not recorded"]


class DataControl(Words):
    """A line for each place at which something could leave."""

    title = "Data control"
    nothing = (
        "By its set-up nothing of yours leaves the machine: no prompt, no answer, no weight, no key, no usage "
        "statistics."
    )
    nothing_told = "As far as the record tells, nothing of yours leaves the machine by its set-up."
    requests_alone = (
        "By its set-up no prompt, no answer, no weight, no key of the endpoint and no usage statistics leave the "
        "machine. Requests to the hub name what is fetched."
    )

    def leaves(self, places: str) -> str:
        return f"By its set-up more than requests to the hub can leave the machine: {places}."

    def not_told(self, places: str) -> str:
        return f"Of this the record does not tell whether anything leaves: {places}."

    not_checked = (
        "This is a statement on the set-up, read from the recipe, the record and the code of awqctl. Traffic was not "
        "recorded while the run was made, so it is not a measurement."
    )

    def check(self, cut_off: str, look: str) -> str:
        return (
            f"The check that shows it, once models and data sets are there: {cut_off} makes the run again without any "
            f"network but loopback. While an endpoint serves, {look} lists every connection that there is."
        )

    table = "What leaves the machine"
    columns = ("What", "Leaves the machine", "How it is set up", "Where that stands")
    leaving: Mapping[Leaving, str] = {
        "nothing": "nothing",
        "a request": "a request to the hub",
        "data": "data",
        "not confined": "not confined",
        "not recorded": "not recorded",
    }

    model = "Weights of the model"
    local_model = "They were read from this machine."

    def fetched_model(self, model: str, commit: str) -> str:
        return f"{model} was fetched from the hub at commit {commit}; the hub sees name, address and token."

    calibration = "Calibration text"
    local_text = "It was read from this machine."

    def fetched_text(self, names: str) -> str:
        return f"{names} was fetched from the hub; the hub sees names, address and token. The text stays here."

    tasks = "Tasks of the evaluation"
    local_tasks = "All items ship with awqctl or are files of yours."

    def fetched_tasks(self, tasks: str) -> str:
        return (
            f"lm-eval may ask the hub for the items of {tasks}; the hub sees names, address and token. Answers stay "
            f"here: every judgement is made on this machine."
        )

    engines = "Engines: quantize, eval, bench, serve"
    offline = (
        "Each is started with the hub switched off (`HF_HUB_OFFLINE=1`), usage statistics off "
        "(`VLLM_NO_USAGE_STATS=1`, `DO_NOT_TRACK=1`) and without tokens of the hub; requests reach it over loopback or "
        "a socket."
    )
    set_by_code = "code of awqctl: pipeline/runtimes/process.py"
    remote = "Servers that were measured"

    def sent_to(self, hosts: str) -> str:
        return f"The prompts of the benchmark were sent to {hosts}."

    endpoint = "The endpoint"

    def listens(self, host: str) -> str:
        return (
            f"It listens on {host}, which only this machine reaches. Its access log has no prompts, no answers and no "
            f"keys."
        )

    def offered(self, host: str, *, tls: bool) -> str:
        guard = "behind TLS 1.3 and API keys" if tls else "behind API keys, without TLS"
        return (
            f"It listens on {host} {guard}: whoever reaches it with a key gets answers. Its access log has no prompts, "
            f"no answers and no keys."
        )

    tried = " Wrong keys were refused when it was tried."
    store = "The store of runs (MLflow)"

    def local_store(self, store: str) -> str:
        return f"{store} is on this machine."

    def remote_store(self, store: str) -> str:
        return (
            f"{store} gets settings, figures, reports, and the items of the evaluation with the model's answers. "
            f"Weights and calibration text stay here."
        )

    store_unknown = "The record does not say which store it was; without `--store` it is a file on this machine."
    foreign_code = "Code that comes with the model"
    not_confined = "It runs on this machine as the user does, and nothing keeps it from the network."
    unsafe_code = "Code that the model writes"
    executed = "The evaluation ran it on this machine, without a sandbox."
