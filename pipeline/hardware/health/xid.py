"""NVIDIA's critical errors (XID): what to do; what a number means says `HealthSentences.xids`.

Source: https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html, whose resolution buckets these are.
"""

from pipeline.base.phrase import phrase
from pipeline.base.results import Phrase
from pipeline.base.sentences.health import HealthSentences

_REMEDIES = (
    (phrase(HealthSentences.start_again), frozenset({13, 31, 43, 45, 69, 94})),
    (phrase(HealthSentences.reset_it), frozenset({48, 62, 63, 95, 119, 120, 140})),
    (phrase(HealthSentences.check_hardware), frozenset({64, 74, 79, 92, 143, 149})),
    (phrase(HealthSentences.update_driver), frozenset({61, 109})),
    (phrase(HealthSentences.follow_driver), frozenset({154})),
)


def xid_phrase(number: int) -> Phrase:
    """Return what a number means: `XID 79 (the GPU has fallen off the bus)`."""
    return phrase(HealthSentences.xid, number=str(number))


def xid_remedy(number: int) -> Phrase:
    """Return what to do."""
    known = (remedy for remedy, numbers in _REMEDIES if number in numbers)
    return next(known, phrase(HealthSentences.look_up_xid, number=str(number)))
