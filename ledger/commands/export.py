"""``loanbook export``: the mirrored books as files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.databases import existing_database
from ledger.commands.flags import Db, Json
from ledger.commands.output import print_json, print_table, progress
from ledger.config import load_settings
from ledger.export import export_csv


class Format(StrEnum):
    """What the files are."""

    CSV = "csv"


def export_command(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", file_okay=False)],
    format_: Annotated[Format, typer.Option("--format")] = Format.CSV,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Write loans, events and the journal 日记账 as files; no node is asked."""
    settings = load_settings(database_url=db)
    with existing_database(settings) as store, progress("export") as step:
        rows = export_csv(store, output, step)
    if as_json:
        print_json({"format": format_.value, "folder": str(output), "rows": rows})
    else:
        print_table(f"Written to {output}", ("File", ">Rows"), rows.items())
