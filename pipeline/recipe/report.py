"""The recipe section `report`: what stands on the cover."""

from pipeline.recipe.section import Section


class Report(Section):
    """What stands on the cover of the report."""

    title: str = "AWQ deployment report"
    client: str | None = None
    prepared_by: str | None = None
