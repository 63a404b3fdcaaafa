"""`awqctl completion`: the shell completion script."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL, for example: eval "$(awqctl completion bash)"."""
    from click.shell_completion import get_completion_class

    from pipeline.cli.main import cli

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(cli, {}, "awqctl", "_AWQCTL_COMPLETE").source())
