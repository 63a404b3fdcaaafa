"""The command line: every command's help."""

import shlex

import click
import pytest
from click.testing import CliRunner

from pipeline.cli.help import EXAMPLES
from pipeline.cli.main import cli
from pipeline.cli.subcommands import CommandWithSubcommands
from tests.helpers import invoke


def commands(group: click.Group, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return every command and subcommand."""
    context = click.Context(group)
    found: list[tuple[str, ...]] = [prefix]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found += commands(command, (*prefix, name)) if isinstance(command, click.Group) else [(*prefix, name)]
    return found


@pytest.mark.parametrize("command", commands(cli), ids=" ".join)
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    """`--help` works everywhere, says what the command does, fits 60 columns and cuts no summary."""
    answer = CliRunner().invoke(cli, [*command, "--help"], terminal_width=60)
    assert answer.exit_code == 0
    usage, *lines = answer.output.splitlines()
    assert len(lines) > 3
    assert max(len(line) for line in [usage, *lines]) <= 60
    assert not any(line.endswith("...") for line in lines)


@pytest.mark.parametrize("command", commands(cli), ids=" ".join)
def test_every_help_has_examples(command: tuple[str, ...]) -> None:
    """Each is a command line that Click takes, and of the command that it stands for."""
    lines = invoke(*command, "--help").output.partition("Examples:\n")[2].splitlines()
    examples = [line.strip() for line in lines if line]
    assert examples
    for example in examples:
        words = shlex.split(example.removeprefix('eval "$(').removesuffix(')"'))
        assert words[0] == "awqctl"
        assert words[1 : len(command) + 1] == list(command)
        chosen: click.Command = cli
        for name in command:
            assert isinstance(chosen, click.Group)
            found = chosen.get_command(click.Context(chosen), name)
            assert found is not None
            chosen = found
        if not isinstance(chosen, click.Group) or isinstance(chosen, CommandWithSubcommands):
            chosen.make_context(chosen.name, words[len(command) + 1 :])


def test_no_examples_without_a_command() -> None:
    """What is renamed or removed takes its examples along."""
    assert set(EXAMPLES) == {" ".join(command) for command in commands(cli)}
