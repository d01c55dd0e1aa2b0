"""`APP completion SHELL`: the lines that make a shell complete commands and flags."""

import click
from click.shell_completion import get_completion_class


def completion_command(name: str) -> click.Command:
    """Return the command that prints a completion script for the command line of a name."""

    @click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
    @click.pass_context
    def command(ctx: click.Context, shell: str) -> None:
        kind = get_completion_class(shell)
        if kind is None:
            raise click.UsageError(f"{shell} is not known to this version of click")
        variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
        click.echo(kind(ctx.find_root().command, {}, name, variable).source())

    text = (
        "Print a script that completes commands and flags. bash and zsh: "
        f'eval "$({name} completion bash)" in ~/.bashrc or ~/.zshrc (with zsh); fish: {name} completion fish | source.'
    )
    return click.command("completion", help=text, short_help="Print a completion script for a shell.")(command)
