"""The chapters of the report: first what a decision takes, then how the run went, then how it was made."""

from pipeline.report.chapter import Chapter
from pipeline.report.chapters.acceptance import ACCEPTANCE
from pipeline.report.chapters.accuracy import ACCURACY
from pipeline.report.chapters.checkpoint import CHECKPOINT
from pipeline.report.chapters.costs import COSTS
from pipeline.report.chapters.crossover import CROSSOVER
from pipeline.report.chapters.data_control import DATA_CONTROL
from pipeline.report.chapters.endpoint import ENDPOINT
from pipeline.report.chapters.environment import ENVIRONMENT
from pipeline.report.chapters.files import FILES
from pipeline.report.chapters.health import HEALTH
from pipeline.report.chapters.latency import LATENCY
from pipeline.report.chapters.memory import MEMORY
from pipeline.report.chapters.method import METHOD
from pipeline.report.chapters.not_measured import not_measured
from pipeline.report.chapters.options import OPTIONS
from pipeline.report.chapters.per_user import PER_USER
from pipeline.report.chapters.plan import PLAN
from pipeline.report.chapters.profile import PROFILE
from pipeline.report.chapters.risks import RISKS
from pipeline.report.chapters.roadmap import ROADMAP
from pipeline.report.chapters.savings import SAVINGS
from pipeline.report.chapters.sensitivity import SENSITIVITY
from pipeline.report.chapters.soak import SOAK
from pipeline.report.chapters.throughput import THROUGHPUT
from pipeline.report.document import Section
from pipeline.report.inputs import Inputs

_DECISIVE: tuple[Chapter, ...] = (
    ACCURACY,
    THROUGHPUT,
    LATENCY,
    CROSSOVER,
    MEMORY,
    PER_USER,
    COSTS,
    OPTIONS,
    SAVINGS,
    ACCEPTANCE,
    SENSITIVITY,
    RISKS,
    DATA_CONTROL,
    ROADMAP,
)
"""What a decision takes, in the order in which a client asks for it."""
_RUN: tuple[Chapter, ...] = (PLAN, SOAK, ENDPOINT, CHECKPOINT, PROFILE, HEALTH)
"""How the run went."""
CHAPTERS: tuple[Chapter, ...] = (
    *_DECISIVE,
    *_RUN,
    METHOD,
    not_measured((*_DECISIVE, *_RUN)),
    ENVIRONMENT,
    FILES,
)


def sections_of(inputs: Inputs) -> tuple[Section, ...]:
    """Return the chapters that the results suffice for."""
    return tuple(chapter.write(inputs) for chapter in CHAPTERS if chapter.stands_in(inputs))
