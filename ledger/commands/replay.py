"""``loanbook replay``: the whole book from the chain alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import requests
import typer

from ledger.commands.flags import Book, ChainId, Json, Rpc
from ledger.commands.node import node
from ledger.commands.output import console, print_json, progress
from ledger.commands.present import show_findings, show_trial_balance
from ledger.config import Settings, load_settings
from ledger.core.findings import Finding
from ledger.core.types import Address
from ledger.errors import ApiUnreachable, ConfigError
from ledger.replay import ReplayResult, replay

_API_SECONDS = 30.0


def replay_command(
    rpc: Rpc = None,
    book: Book = None,
    at: Annotated[
        int | None, typer.Option(min=0, metavar="BLOCK", help="Up to this block; else the newest.")
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(metavar="API_URL", help="Compare with what a platform's API publishes."),
    ] = None,
    chain_id: ChainId = None,
    as_json: Json = False,
) -> None:
    """Rebuild and check the whole book 重放 from a node, trusting no database.

    Exit code 1 says that something does not fit.
    """
    settings = load_settings(rpc_url=rpc, book=book, chain_id=chain_id)
    address = _address(settings)
    published = None if compare is None else _published(compare, at)
    client = node(settings)
    with progress("replay") as step:
        result = replay(client, address, at if published is None else _number(published), step)
    if published is not None:
        differences = tuple(_differences(result, published))
        result = replace(result, findings=(*result.findings, *differences))
    if as_json:
        print_json(result.to_json())
    else:
        show_replay(result)
    if not result.ok:
        raise typer.Exit(1)


def _address(settings: Settings) -> Address:
    if settings.book is None:
        # Not from a file: an auditor has to say which book, from a source that they trust.
        raise ConfigError("book", "the book's address is needed: --book ADDRESS or LOANBOOK_BOOK")
    return Address(settings.book)


def _published(api: str, at: int | None) -> dict[str, Any]:
    """Return what an API says of its book, as of a block that it names."""
    if at is not None:
        raise ConfigError("--at", "cannot go with --compare: the API says as of which block")
    url = f"{api.rstrip('/')}/v1/book"
    try:
        answer = requests.get(url, timeout=_API_SECONDS)
        answer.raise_for_status()
        document = answer.json()
        _number(document)
    except (requests.RequestException, ValueError, TypeError, KeyError) as error:
        raise ApiUnreachable(url, f"{type(error).__name__}: {error}") from error
    return dict(document)


def _number(published: dict[str, Any]) -> int:
    return int(published["block"]["number"])


def _differences(result: ReplayResult, published: dict[str, Any]) -> Iterator[Finding]:
    replayed = result.to_json()
    pairs = {
        "chain_id": (replayed["chain_id"], published.get("chain_id")),
        "book": (replayed["book"], published.get("address")),
        "block": (replayed["block"]["hash"], published["block"].get("hash")),
        "loans": (replayed["loans"], published.get("loans")),
        "events": (replayed["events"], published.get("events")),
        "book_head": (replayed["book_head"], published.get("book_head")),
        "journal": (replayed["journal"], published.get("journal")),
    }
    for name, (expected, found) in pairs.items():
        if expected != found:
            yield Finding("published", f"the API's {name}", str(expected), str(found))


def show_replay(result: ReplayResult) -> None:
    """Print what was rebuilt and what was found."""
    out = console()
    out.print(f"Chain {result.chain_id}, book {result.book}")
    out.print(f"Block {result.block.number} (0x{result.block.hash.hex()})")
    out.print(f"{result.loans:,} loans, {result.events:,} events, {result.entries:,} entries")
    out.print(f"Book head:    0x{result.book_head.hex()}")
    out.print(f"Journal root: 0x{result.journal_root.hex()}")
    show_trial_balance(result.trial_balance, {})
    show_findings(result.findings)
    out.print("ok" if result.ok else "NOT ok")
