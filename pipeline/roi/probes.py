"""What the stage `roi` looks at before a run: that the catalogue knows what the recipe wants to be priced."""

from collections.abc import Callable, Iterator
from functools import partial

from pipeline.base.errors import AwqctlError, UsageError
from pipeline.catalogue.apis import find_api
from pipeline.catalogue.engagements import find_package
from pipeline.catalogue.gpus import find_gpu
from pipeline.plan.weights import QUANTIZATIONS
from pipeline.recipe.roi import Alternative, Roi
from pipeline.record.preflight import Effort, Probe, Prospect


def _prices(prospect: Prospect) -> Iterator[AwqctlError]:
    """Yield every name that is not known and every price that is nowhere: after hours of measuring it is late."""
    roi = prospect.recipe.roi_or_none
    if roi is None:
        return
    for look in _lookups(roi):
        try:
            look()
        except AwqctlError as problem:
            yield problem


def _lookups(roi: Roi) -> Iterator[Callable[[], object]]:
    engagement = roi.engagement
    yield from (partial(check_card, one) for one in roi.alternatives if one.gpu)
    yield from (partial(find_api, key) for key in roi.apis)
    if engagement and engagement.package:
        yield partial(find_package, engagement.package, monthly=False)
    if engagement and engagement.support:
        yield partial(find_package, engagement.support, monthly=True)


def check_card(one: Alternative) -> None:
    """Check a card, its price and its number format.

    Raises:
        UsageError: one of them is not known.
    """
    gpu, where = find_gpu(str(one.gpu)), f"roi.alternatives: {one.name}"
    if one.quantization not in QUANTIZATIONS:
        raise UsageError(f"{where}: '{one.quantization}' is none of {', '.join(QUANTIZATIONS)}. Write one of these.")
    if one.hourly is None and one.purchase is None and gpu.cheapest is None:
        raise UsageError(f"{where}: no rent of {gpu.name} is known. Give it `hourly`.")
    if one.purchase is not None:
        needed = {"list_usd": one.purchase.price, "watts": one.purchase.watts}
        if missing := [name for name, stated in needed.items() if stated is None and name not in gpu.figures]:
            keys = {"list_usd": "price", "watts": "watts"}
            raise UsageError(
                f"{where}: the catalogue has no {' and no '.join(missing)} of {gpu.name}. Give `purchase` its "
                f"{' and its '.join(keys[name] for name in missing)}."
            )


PROBES = (Probe("prices", _prices, Effort.FILES, "The catalogue knows what is to be priced."),)
