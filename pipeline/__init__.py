"""Command line, recipes, runner, quantization, costs, report and tracking of awqctl."""

__version__ = "0.1.0"
