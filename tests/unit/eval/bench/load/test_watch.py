"""What is said of an engine by its counters before and after a load."""

from typing import Any

import pytest

from eval.bench.load import watch as watch_module
from eval.bench.load.watch import Watch
from pipeline.base.errors import EngineError
from pipeline.engines.prometheus import Metrics, parse_metrics

BEFORE = "vllm:generation_tokens_total 100\nvllm:prompt_tokens_total 1000\n"
AFTER = "vllm:generation_tokens_total 140\nvllm:prompt_tokens_total 1080\n"
BESIDE = "vllm:prefix_cache_hits_total 12\nvllm:num_preemptions_total 0\n"


class Engine:
    """Answers with one text after the other; with an empty one it does not answer."""

    base_url = "http://192.0.2.1:1"
    model = "any"
    api_key = None

    def __init__(self, *texts: str) -> None:
        self._texts = iter(texts)
        self._last = ""

    def metrics(self) -> Metrics:
        """Return the next."""
        self._last = next(self._texts, self._last)
        if not self._last:
            raise EngineError("it does not answer.")
        return parse_metrics(self._last)


def watched(monkeypatch: pytest.MonkeyPatch, *texts: str) -> Watch:
    """Return a watch after a load of 40 tokens; the gauges are not sampled in so short a time."""
    monkeypatch.setattr(watch_module, "_SETTLE_S", 0.5)
    engine: Any = Engine(*texts)
    with Watch(engine) as found:
        pass
    found.settle(40)
    return found


def test_counters_that_are_not_there_are_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that counts no tokens from its cache does not say that there were none."""
    silent, telling = (watched(monkeypatch, BEFORE, AFTER + beside).engine for beside in ("", BESIDE))
    assert silent is not None
    assert (silent.output_tokens, silent.prompt_tokens) == (40, 80)
    assert (silent.cached_prompt_tokens, silent.preemptions) == (None, None)
    assert telling is not None
    assert (telling.cached_prompt_tokens, telling.preemptions) == (12, 0)


def test_counters_are_asked_for_again_before_they_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """One answer too late is none; no answer at all is told apart from a server without counters."""
    late, lost, none = (watched(monkeypatch, *texts) for texts in ((BEFORE, "", AFTER), (BEFORE, ""), ("", "")))
    assert late.engine is not None
    assert not late.counters_lost
    assert (lost.engine, lost.counters_lost) == (None, True)
    assert (none.engine, none.counters_lost) == (None, False)
