"""Prices and rated power of a run's machine: as given, as its recipe states them, as the catalogue has them."""

from pydantic import ValidationError

from eval.bench.rank.entry import Stated
from pipeline.base.errors import UsageError
from pipeline.catalogue.gpu_entry import GpuEntry
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.sources import Source
from pipeline.recipe.roi import Roi
from pipeline.record.record import RunRecord


def price_of(record: RunRecord | None, gpu: str | None, gpus: int | None, given: float | None) -> Stated | None:
    """Return the price per hour of the machine: the one given, the recipe's, or the cheapest rent of its GPUs.

    Args:
        record: of the run, whose recipe may have a section `roi`; None for an endpoint.
        gpu: its name by the driver; None where there is none, or several kinds.
        gpus: how many the engine used.
        given: on the command line.
    """
    if given is not None:
        return Stated(value=given, origin="quoted", source="--price")
    roi = _roi(record)
    if roi is not None:
        return Stated(value=roi.hourly.usd, origin=roi.hourly.origin, source=f"{roi.machine}: {roi.hourly.source}")
    entry = _entry(gpu)
    rent = entry.cheapest if entry else None
    if entry is None or rent is None or not gpus:
        return None
    return Stated(
        value=rent.usd_per_hour * gpus,
        origin="quoted",
        source=f"catalogue, {_times(gpus)}{entry.name} at {rent.provider}, {rent.term}: {_named(rent.source)}"
        f"{', older than 90 days' if rent.source.stale else ''}",
    )


def catalogue_watts(gpu: str | None, gpus: int | None) -> Stated | None:
    """Return the rated power of the GPUs that were used; None where the catalogue does not know them."""
    entry = _entry(gpu)
    figure = entry.figures.get("watts") if entry else None
    if entry is None or figure is None or not gpus:
        return None
    return Stated(
        value=figure.value * gpus,
        origin="quoted",
        source=f"catalogue, rated power of {_times(gpus)}{entry.name}, not measured: {_named(figure.source)}",
    )


def _roi(record: RunRecord | None) -> Roi | None:
    document = record.recipe.get("roi") if record else None
    try:
        return Roi.model_validate(document) if document else None
    except ValidationError:  # of another version: as good as none
        return None


def _entry(gpu: str | None) -> GpuEntry | None:
    try:
        return find_gpu(gpu) if gpu else None
    except UsageError:  # not in the catalogue, or not to be told from another
        return None


def _times(gpus: int) -> str:
    return f"{gpus} x " if gpus > 1 else ""


def _named(source: Source) -> str:
    return f"{source.title}, {source.date}"
