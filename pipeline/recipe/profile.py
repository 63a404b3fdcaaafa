"""The recipe section `profile`: at which load it is recorded where the time goes."""

from pipeline.recipe.section import PositiveInt, Section


class ProfileSettings(Section):
    """At which load it is recorded where the time goes, apart from what is timed."""

    concurrency: PositiveInt = 1
    """Requests under way; each asks for `bench.input_tokens` and `bench.output_tokens`."""
    iterations: PositiveInt = 64
    """Steps of the engine that are recorded: a trace grows by megabytes with each."""
    operations: PositiveInt = 12
    """Listed in the result and the report."""
