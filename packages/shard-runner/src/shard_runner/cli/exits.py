"""How a command line ends: 0 done, 1 failed, 2 usage, 130 interrupted; errors are one line on standard error."""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click


class OneLineGroup(click.Group):
    """A command group whose errors are one line each; `--debug` shows the traceback of a failure."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were added."""
        return list(self.commands)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> NoReturn:
        """Run the command line and end the process."""
        arguments = list(sys.argv[1:] if args is None else args)
        named["standalone_mode"] = False
        try:
            super().main(arguments, *rest, **named)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.UsageError as error:
            _say(f"{error.format_message()} (see {_path_of(error, named)} --help)")
            sys.exit(2)
        except click.exceptions.Exit as done:
            sys.exit(done.exit_code)
        except (click.Abort, KeyboardInterrupt):
            _say("interrupted; the same command goes on where it stopped")
            sys.exit(130)
        except Exception as error:
            if "--debug" in arguments:
                raise
            _say(_one_line(error))
            sys.exit(1)
        sys.exit(0)


def _path_of(error: click.UsageError, named: dict[str, Any]) -> str:
    return error.ctx.command_path if error.ctx else str(named.get("prog_name") or sys.argv[0].rsplit("/", 1)[-1])


def _one_line(error: Exception) -> str:
    notes = [note for note in getattr(error, "__notes__", []) if "\n" not in note]
    text = " ".join(" ".join([str(error), *(f"({note})" for note in notes)]).split())
    expected = hasattr(error, "reason") or type(error).__module__.split(".")[0] not in ("builtins",)
    if expected and text:
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)"


def _say(text: str) -> None:
    click.echo(f"error: {text}", err=True)
