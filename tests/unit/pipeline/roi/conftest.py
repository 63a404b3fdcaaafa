"""Costs are read from the same made-up run as the report."""

from tests.unit.pipeline.report.conftest import context, make_bench, make_recipe, make_run, two_tasks

__all__ = ["context", "make_bench", "make_recipe", "make_run", "two_tasks"]
