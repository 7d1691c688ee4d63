"""The command ``loanbook``: what people type, and what errors become."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ledger.commands.output import say
from ledger.errors import (
    ConfigError,
    InconsistentNode,
    InputError,
    LoanbookError,
    NoContract,
    NodeRefused,
    NodeUnreachable,
    NotABook,
    NotADevelopmentChain,
    OtherBook,
    SenderBusy,
    StoreError,
    WrongChain,
)

FINDINGS, WRONG_USE, NOT_REACHABLE = 1, 2, 3

_WRONG_USE = (
    ConfigError,
    InputError,
    NoContract,
    NotABook,
    NotADevelopmentChain,
    OtherBook,
    WrongChain,
)
_NOT_REACHABLE = (InconsistentNode, NodeRefused, NodeUnreachable, SenderBusy, StoreError)

COMMANDS = {
    "demo": "ledger.commands.demo:demo_command",
    "deploy": "ledger.commands.deploy:deploy_command",
    "schedule": "ledger.commands.schedule:schedule_command",
    "tape": "ledger.commands.tape:app",
    "mirror": "ledger.commands.mirror:mirror_command",
    "reconcile": "ledger.commands.reconcile:reconcile_command",
    "replay": "ledger.commands.replay:replay_command",
    "serve": "ledger.commands.serve:serve_command",
    "export": "ledger.commands.export:export_command",
}
"""Where each command is, in the order of the help."""


class Commands(TyperGroup):
    """Loads a command when it is asked for: none waits for what only others need."""

    def list_commands(self, _context: Any) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, _context: Any, cmd_name: str) -> Any:
        """Return one command; ``None`` if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            command, found = found, typer.Typer(add_completion=False, rich_markup_mode="markdown")
            found.command(cmd_name)(command)
        return typer.main.get_command(found)


app = typer.Typer(
    name="loanbook",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    # Values in a traceback could be keys; a plain traceback shows none.
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"loanbook {version('loanbook')}\n")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Keep loans on a chain and in books that anyone can check."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 all well, 1 findings, 2 wrong use, 3 not reachable."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app(args=arguments, prog_name="loanbook")
        finally:
            sys.stdout.flush()
    except LoanbookError as error:
        say(f"loanbook: {_one_line(error)}")
        sys.exit(exit_code(error))
    except OSError as error:
        _forget_output()
        say(f"loanbook: the system refused: {_one_line(error)}")
        sys.exit(NOT_REACHABLE)


def _one_line(error: Exception) -> str:
    # What drivers say may have several lines.
    return " ".join(line.strip() for line in str(error).splitlines())


def _forget_output() -> None:
    """Drop what standard output could not take: it would fail once more at the exit."""
    if isinstance(sys.stdout, TextIOWrapper):
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def exit_code(error: LoanbookError) -> int:
    """Return what an error means to the shell."""
    if isinstance(error, _WRONG_USE):
        return WRONG_USE
    if isinstance(error, _NOT_REACHABLE) or error.retry:
        return NOT_REACHABLE
    return FINDINGS
