"""The engagement's price, as the recipe states it or as the package that it names costs."""

from pipeline.catalogue.engagements import find_package
from pipeline.recipe.prices import Engagement
from pipeline.roi.figure import Figure


def one_time_price(engagement: Engagement | None) -> Figure | None:
    """Return what is paid once; None where nothing is.

    Raises:
        UsageError: there is no such package.
    """
    if engagement is None:
        return None
    if engagement.package is not None:
        package = find_package(engagement.package, monthly=False)
        middle, source = (package.low_usd + package.high_usd) / 2, package.source.title
        ends = {} if package.low_usd == package.high_usd else {"low": package.low_usd, "high": package.high_usd}
        return Figure(value=middle, unit="USD", origin="quoted", source=source, **ends)
    if engagement.usd is None:
        return None
    return Figure(value=engagement.usd, unit="USD", origin=engagement.origin or "assumed", source=engagement.source)
