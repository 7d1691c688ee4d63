"""Flags that several commands have."""

from typing import Annotated, TypeAlias

import typer

Rpc: TypeAlias = Annotated[
    str | None, typer.Option("--rpc", metavar="URL", help="JSON-RPC of the node.")
]
Db: TypeAlias = Annotated[
    str | None, typer.Option("--db", metavar="URL", help="Database, such as sqlite:///FILE.")
]
Book: TypeAlias = Annotated[
    str | None, typer.Option("--book", metavar="ADDRESS", help="The LoanBook contract.")
]
ChainId: TypeAlias = Annotated[
    int | None, typer.Option("--chain-id", help="Refuse a node that is on another chain.")
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]
