"""The sheets that compute what a load costs, by the formulas of `pipeline.roi` and from cells of the inputs alone."""
