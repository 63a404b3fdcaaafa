"""The chapters of the report: first what a decision takes, then how the run went, then how it was made."""

from pipeline.report.chapter import Chapter
from pipeline.report.chapters.acceptance import ACCEPTANCE
from pipeline.report.chapters.accuracy import ACCURACY
from pipeline.report.chapters.checkpoint import CHECKPOINT
from pipeline.report.chapters.costs import COSTS
from pipeline.report.chapters.crossover import CROSSOVER
from pipeline.report.chapters.endpoint import ENDPOINT
from pipeline.report.chapters.environment import ENVIRONMENT
from pipeline.report.chapters.files import FILES
from pipeline.report.chapters.health import HEALTH
from pipeline.report.chapters.latency import LATENCY
from pipeline.report.chapters.memory import MEMORY
from pipeline.report.chapters.method import METHOD
from pipeline.report.chapters.not_measured import not_measured
from pipeline.report.chapters.per_user import PER_USER
from pipeline.report.chapters.plan import PLAN
from pipeline.report.chapters.profile import PROFILE
from pipeline.report.chapters.soak import SOAK
from pipeline.report.chapters.throughput import THROUGHPUT
from pipeline.report.document import Section
from pipeline.report.inputs import Inputs

_MEASURED: tuple[Chapter, ...] = (
    ACCEPTANCE,
    ACCURACY,
    THROUGHPUT,
    CROSSOVER,
    LATENCY,
    PER_USER,
    MEMORY,
    PLAN,
    COSTS,
    SOAK,
    ENDPOINT,
    CHECKPOINT,
    PROFILE,
    HEALTH,
)
CHAPTERS: tuple[Chapter, ...] = (*_MEASURED, METHOD, ENVIRONMENT, not_measured(_MEASURED), FILES)


def sections_of(inputs: Inputs) -> tuple[Section, ...]:
    """Return the chapters that the results suffice for."""
    return tuple(chapter.write(inputs) for chapter in CHAPTERS if chapter.stands_in(inputs))
