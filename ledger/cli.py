"""The command ``loanbook``: what people type, and what errors become."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from ledger.commands.demo import demo_command
from ledger.commands.deploy import deploy_command
from ledger.commands.export import export_command
from ledger.commands.mirror import mirror_command
from ledger.commands.output import say
from ledger.commands.reconcile import reconcile_command
from ledger.commands.replay import replay_command
from ledger.commands.schedule import schedule_command
from ledger.commands.serve import serve_command
from ledger.commands.tape import import_command
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

app = typer.Typer(
    name="loanbook",
    no_args_is_help=True,
    add_completion=False,
    # Values in a traceback could be keys; a plain traceback shows none.
    pretty_exceptions_enable=False,
)
tape = typer.Typer(help="Loan tapes 借款清单.", no_args_is_help=True)
tape.command("import")(import_command)
app.command("demo")(demo_command)
app.command("deploy")(deploy_command)
app.command("schedule")(schedule_command)
app.add_typer(tape, name="tape")
app.command("mirror")(mirror_command)
app.command("reconcile")(reconcile_command)
app.command("replay")(replay_command)
app.command("serve")(serve_command)
app.command("export")(export_command)


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
    try:
        app(args=arguments, prog_name="loanbook")
    except LoanbookError as error:
        say(f"loanbook: {error}")
        sys.exit(exit_code(error))


def exit_code(error: LoanbookError) -> int:
    """Return what an error means to the shell."""
    if isinstance(error, _WRONG_USE):
        return WRONG_USE
    if isinstance(error, _NOT_REACHABLE) or error.retry:
        return NOT_REACHABLE
    return FINDINGS
