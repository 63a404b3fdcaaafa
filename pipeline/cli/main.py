"""`awqctl`: the command group and the process edge where every error becomes a sentence and an exit code."""

import errno
import importlib
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from pipeline import __version__
from pipeline.base.errors import AwqctlError, Interrupted

_COMMANDS = {
    "run": "pipeline.cli.run:run",
    "quantize": "pipeline.cli.run:quantize",
    "eval": "pipeline.cli.run:evaluate",
    "bench": "pipeline.cli.run:bench",
    "roi": "pipeline.cli.run:roi",
    "report": "pipeline.cli.run:report",
    "serve": "pipeline.cli.serve:serve",
    "compare": "pipeline.cli.compare:compare",
    "verify": "pipeline.cli.verify:verify",
    "checkpoints": "pipeline.cli.checkpoints:checkpoints",
    "recipe": "pipeline.cli.recipe:recipe",
    "env": "pipeline.cli.env:env",
    "doctor": "pipeline.cli.doctor:doctor",
    "keys": "pipeline.cli.keys:keys",
    "ui": "pipeline.cli.ui:ui",
    "completion": "pipeline.cli.completion:completion",
}
"""Command -> module:object, imported when the command is used."""

_SUMMARIES = {
    "run": "All stages of a recipe, resuming where a previous run stopped.",
    "quantize": "Quantize the recipe's model to 4 bit with AWQ.",
    "eval": "Measure accuracy; is AWQ within the agreed margin?",
    "bench": "Measure throughput, latency and memory of both.",
    "roi": "Cost per million tokens, saving, break-even.",
    "report": "Write the client report (HTML, Markdown, JSON).",
    "serve": "Serve the AWQ checkpoint behind TLS and API keys.",
    "compare": "Compare two models on lm-eval's sample files.",
    "verify": "Check a checkpoint against its manifest.",
    "checkpoints": "Checkpoints that were replaced: list and prune.",
    "recipe": "The recipes that ship, and yours.",
    "env": "The engines' isolated environments.",
    "doctor": "What this machine can run, and what is missing.",
    "keys": "API keys of the endpoint.",
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

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARIES[name]) for name in _COMMANDS])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="awqctl")
def cli() -> None:
    """Quantize a language model with AWQ, prove what it cost and gained, price it, report it, serve it."""


def main() -> None:
    """Run the command line; exit with a code of the contract."""
    signal.signal(signal.SIGTERM, _interrupt)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        _leave("Interrupted. Run the same command again to go on where it stopped.", 130)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        _leave("Interrupted. Run the same command again to go on where it stopped.", 130)
    except AwqctlError as problem:
        _leave(str(problem), problem.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as problem:
        _leave_for_system(problem)
    except Exception:  # noqa: BLE001 -- process edge: a bug must not end in a traceback on the screen
        _leave_for_bug()
    sys.exit(status if isinstance(status, int) else 0)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted("Stopped by SIGTERM. Run the same command again to go on where it stopped.")


def _leave(message: str, status: int) -> NoReturn:
    click.echo(f"awqctl: {message}", err=True)
    sys.exit(status)


def _leave_for_system(problem: OSError) -> NoReturn:
    known = {
        errno.ENOSPC: "The disk is full. Free space",
        errno.EDQUOT: "The disk quota is used up. Free space",
        errno.EACCES: "Permission denied. Check the owner of the path",
        errno.EROFS: "The file system is read-only. Choose another folder with --out",
        errno.EMFILE: "Too many open files. Raise `ulimit -n`",
    }
    if problem.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        _leave(f"{problem.filename} is not of the kind that is needed here ({problem.strerror}). Correct the path.", 2)
    if problem.errno not in known:
        _leave_for_bug()
    where = f" ({problem.filename})" if problem.filename else ""
    _leave(f"{known[problem.errno]}{where} and run the same command again.", 4)


def _leave_for_bug() -> NoReturn:
    from pipeline.base.credentials import redacted

    descriptor, name = tempfile.mkstemp(prefix="awqctl-", suffix=".log")
    details = redacted(traceback.format_exc())
    with os.fdopen(descriptor, "w") as stream:
        stream.write(details)
    summary = details.strip().splitlines()[-1]
    _leave(f"Unexpected failure, please report it: {summary[:200]} Details: {Path(name)}", 1)
