"""A command that does something itself and has subcommands, such as `awqctl bench RECIPE` and `awqctl bench rank`."""

from typing import Any

import click

from pipeline.cli.help import Group


class CommandWithSubcommands(Group):
    """Goes to the subcommand that the first argument names, and is a command of its own with any other."""

    allow_extra_args = False
    allow_interspersed_args = True

    def __init__(self, **settings: Any) -> None:
        super().__init__(no_args_is_help=False, subcommand_metavar="", **settings)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the subcommand that is named first, or of the command itself."""
        if args and (chosen := self.commands.get(args[0])):
            return chosen.make_context(f"{info_name} {args[0]}", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as a command does."""
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command's own function."""
        return click.Command.invoke(self, ctx)
