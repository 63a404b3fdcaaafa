"""`awqctl`: the command group and the process edge where every error becomes a sentence and an exit code."""

import importlib
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import click

from pipeline import __version__
from pipeline.base.errors import AwqctlError, Interrupted
from pipeline.base.homes import home_for_libraries
from pipeline.base.suggestion import suggestion
from pipeline.cli.failures import bug, say, system_failure, written, wrong_usage
from pipeline.cli.help import with_examples
from pipeline.cli.streams import Outlet, enter_utf8_mode, prepare_streams

_COMMANDS = {
    "run": "pipeline.cli.run:run",
    "quantize": "pipeline.cli.run:quantize",
    "eval": "pipeline.cli.run:evaluate",
    "bench": "pipeline.cli.bench:bench",
    "roi": "pipeline.cli.roi:roi",
    "report": "pipeline.cli.report:report",
    "deliver": "pipeline.cli.deliver:deliver",
    "serve": "pipeline.cli.serve:serve",
    "release": "pipeline.cli.release:release",
    "compare": "pipeline.cli.compare:compare",
    "plan": "pipeline.cli.plan:plan",
    "gpus": "pipeline.cli.gpus:gpus",
    "verify": "pipeline.cli.verify:verify",
    "checkpoints": "pipeline.cli.checkpoints:checkpoints",
    "runs": "pipeline.cli.runs:runs",
    "recipe": "pipeline.cli.recipe:recipe",
    "acceptance": "pipeline.cli.acceptance:acceptance",
    "env": "pipeline.cli.env:env",
    "doctor": "pipeline.cli.doctor:doctor",
    "keys": "pipeline.cli.keys:keys",
    "audit": "pipeline.cli.audit:audit",
    "ui": "pipeline.cli.ui:ui",
    "completion": "pipeline.cli.completion:completion",
}
"""Command -> module:object, imported when the command is used."""

_SUMMARIES = {
    "run": "All stages of a recipe, resuming where a previous run stopped.",
    "quantize": "Quantize the recipe's model to 4 bit with AWQ.",
    "eval": "Measure accuracy; is AWQ within the agreed margin?",
    "bench": "Measure throughput, latency and memory; or any endpoint's speed.",
    "roi": "Price a scenario, or a run: cost, saving, break-even.",
    "report": "Write the client report, in seven formats.",
    "deliver": "Put together what the client keeps of a run.",
    "serve": "Serve the AWQ checkpoint behind TLS and API keys.",
    "release": "What an endpoint serves: promote, roll back.",
    "compare": "Compare two models on lm-eval's sample files.",
    "plan": "What fits, how fast, on which GPU, before downloading.",
    "gpus": "The catalogue of GPUs, with prices.",
    "verify": "Check a checkpoint against its manifest.",
    "checkpoints": "Checkpoints that were replaced: list and prune.",
    "runs": "Runs that were made: list, show, compare.",
    "recipe": "The recipes that ship, and yours.",
    "acceptance": "What a client accepts: files that ship, and yours.",
    "env": "The engines' isolated environments.",
    "doctor": "What this machine can run, and what is missing.",
    "keys": "API keys of the endpoint.",
    "audit": "Who asked what: check the record, sum tokens per key.",
    "ui": "The MLflow UI on the run store.",
    "completion": "Print the shell completion script.",
}


_QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
}
"""Settings of libraries that would otherwise talk over our own output, or to somebody else."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- Click's signature
        """Return the commands in the order of use."""
        return list(_COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest one for a name that is none, without importing any."""
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'.{suggestion(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        return with_examples(getattr(importlib.import_module(module), name), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARIES[name]) for name in _COMMANDS])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="awqctl")
def cli() -> None:
    """Quantize a language model with AWQ, prove what it cost and gained, price it, report it, serve it."""


with_examples(cli, "")


def main() -> None:
    """Run the command line; exit with a code of the contract."""
    enter_utf8_mode()
    output, error = prepare_streams()
    signal.signal(signal.SIGTERM, _interrupt)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    status = _status(output, error)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, Interrupted):
            stream.flush()
    sys.exit(written(output, error, status))


def _status(output: Outlet, error: Outlet) -> int:
    """Run the command; return the exit code, once every error is a sentence on standard error."""
    try:
        home_for_libraries(os.environ)
        status = cli.main(prog_name="awqctl", standalone_mode=False)
    except (KeyboardInterrupt, click.exceptions.Abort):
        return say("Interrupted. Run the same command again to go on where it stopped.", 130)
    except click.ClickException as problem:
        return wrong_usage(problem)
    except AwqctlError as problem:
        return problem.exit_code if output.failure or error.failure else say(str(problem), problem.exit_code)
    except SystemExit as end:  # also of Click and Rich, when a pipe is closed
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except OSError as problem:
        return 4 if problem in (output.failure, error.failure) else system_failure(problem)
    except Exception:  # noqa: BLE001 -- process edge: a bug must not end in a traceback on the screen
        return bug()
    return status if isinstance(status, int) else 0


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted("Stopped by SIGTERM. Run the same command again to go on where it stopped.")
