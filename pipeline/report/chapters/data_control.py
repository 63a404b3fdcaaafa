"""The chapter on data control: what leaves the machine, as a fact of the set-up, and the check that shows it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import of_kind
from pipeline.record.record import RECORD
from pipeline.report.cells import word, words
from pipeline.report.chapter import Chapter
from pipeline.report.document import Section, Table, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.data_control import Leaving
from serve.result import ServeResult

_TONES: dict[Leaving, Tone] = {"nothing": "good", "data": "bad", "not confined": "bad", "not recorded": "caution"}
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_FILES = frozenset({".jsonl", ".json", ".txt", ".parquet"})
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PACKAGED_TASKS = ("stdlib_next_line", "stdlib_bits")
_IN_RECORD = f"{RECORD}#/"


@dataclass(frozen=True)
class Place:
    """One place at which something could leave the machine."""

    name: str
    leaving: Leaving
    text: str
    shown_by: str


def data_control_section(inputs: Inputs) -> Section:
    """Return what leaves the machine, place by place."""
    say, places = inputs.say.data_control, tuple(places_of(inputs))
    untold = [one.name for one in places if one.leaving == "not recorded"]
    cut_off = f"`unshare -rn sh -c 'ip link set lo up && awqctl run {inputs.recipe.name} --force'`"
    return Section(
        id="data-control",
        title=say.title,
        paragraphs=(
            _verdict(places, inputs),
            *((say.not_told(say.listing(untold)),) if untold else ()),
            say.check(cut_off, "`ss -tunp`"),
            say.not_checked,
        ),
        tables=(
            Table(
                id="data-control-table",
                title=say.table,
                columns=words(*say.columns),
                rows=tuple(
                    (
                        word(one.name),
                        word(say.leaving[one.leaving], _TONES.get(one.leaving, "plain")),
                        word(one.text),
                        word(one.shown_by),
                    )
                    for one in places
                ),
                sources=(RECORD,),
            ),
        ),
    )


def _verdict(places: tuple[Place, ...], inputs: Inputs) -> str:
    say = inputs.say.data_control
    more = [one.name for one in places if one.leaving in ("data", "not confined")]
    if more:
        return say.leaves(say.listing(more))
    if any(one.leaving == "a request" for one in places):
        return say.requests_alone
    return say.nothing_told if any(one.leaving == "not recorded" for one in places) else say.nothing


def places_of(inputs: Inputs) -> Iterator[Place]:
    """Yield every place at which something could leave the machine, as far as the run had it."""
    if inputs.has(QuantizeResult):
        yield from _of_weights(inputs)
    if inputs.has(EvalResult):
        yield from _of_tasks(inputs)
    say = inputs.say.data_control
    yield Place(say.engines, "nothing", say.offline, say.set_by_code)
    yield from _of_servers(inputs)
    if inputs.has(ServeResult):
        yield _endpoint(inputs)
    yield _store(inputs)


def _of_weights(inputs: Inputs) -> Iterator[Place]:
    say, made, payload = inputs.say.data_control, inputs.quantize, f"{_IN_RECORD}stages/quantize/payload"
    if made.source_commit is None:
        yield Place(say.model, "nothing", say.local_model, f"{payload}/source")
    else:
        text = say.fetched_model(made.source, made.source_commit)
        yield Place(say.model, "a request", text, f"{payload}/source_commit")
    fetched = [one.source for one in inputs.recipe.quantize.calibration.mixture if _on_a_hub(one.source)]
    where = f"{_IN_RECORD}recipe/quantize/calibration"
    if fetched:
        yield Place(say.calibration, "a request", say.fetched_text(say.listing(fetched)), where)
    else:
        yield Place(say.calibration, "nothing", say.local_text, where)
    if made.code_digest is not None:
        yield Place(say.foreign_code, "not confined", say.not_confined, f"{payload}/code_digest")


def _of_tasks(inputs: Inputs) -> Iterator[Place]:
    say, tasks = inputs.say.data_control, inputs.recipe.eval.all_tasks
    others = [task.name for task in tasks if task.questions is None and task.name not in _PACKAGED_TASKS]
    where = f"{_IN_RECORD}recipe/eval"
    if others:
        yield Place(say.tasks, "a request", say.fetched_tasks(say.listing(others)), where)
    else:
        yield Place(say.tasks, "nothing", say.local_tasks, where)
    if inputs.recipe.eval.unsafe_code:
        yield Place(say.unsafe_code, "not confined", say.executed, f"{where}/unsafe_code")


def _of_servers(inputs: Inputs) -> Iterator[Place]:
    """Yield the servers of others that the benchmark sent prompts to."""
    if not inputs.has(BenchResult):
        return
    measured = {one.arm for one in inputs.load.endpoints}
    urls = [
        arm.endpoint.url for arm in of_kind(inputs.recipe.arms, "endpoint") if arm.endpoint and arm.name in measured
    ]
    hosts = [host for url in urls if (host := urlsplit(url).hostname or url) not in _LOOPBACK]
    if hosts:
        say = inputs.say.data_control
        yield Place(say.remote, "data", say.sent_to(say.listing(hosts)), "bench/results.json#/endpoints")


def _endpoint(inputs: Inputs) -> Place:
    say, host = inputs.say.data_control, inputs.recipe.serve.host
    refused = any(one.name == "wrong key refused" and one.passed for one in inputs.endpoint.checks)
    text = say.listens(host) if host in _LOOPBACK else say.offered(host, tls=inputs.endpoint.tls)
    leaving: Leaving = "nothing" if host in _LOOPBACK else "data"
    return Place(
        say.endpoint, leaving, text + (say.tried if refused else ""), f"{_IN_RECORD}stages/serve/payload/checks"
    )


def _store(inputs: Inputs) -> Place:
    say, store, where = inputs.say.data_control, inputs.record.mlflow_store, f"{_IN_RECORD}mlflow_store"
    if store is None:
        return Place(say.store, "not recorded", say.store_unknown, where)
    if urlsplit(store).scheme in ("", "file", "sqlite") or urlsplit(store).hostname in _LOOPBACK:
        return Place(say.store, "nothing", say.local_store(store), where)
    return Place(say.store, "data", say.remote_store(store), where)


def _on_a_hub(source: str) -> bool:
    return bool(_HUB_ID.fullmatch(source)) and PurePosixPath(source).suffix not in _FILES


DATA_CONTROL = Chapter(id="data-control", write=data_control_section)
