"""What commands print: results on standard output, everything else on standard error."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Step: TypeAlias = Callable[[int, int], None]
"""Told how much is done, of how much."""

PLAIN_WIDTH = 200
"""Characters a line when output goes to a file or a pipe: tables are not squeezed."""

_PLAIN_SECONDS = 5.0
"""At least so long between two plain progress lines."""


def console(*, stderr: bool = False) -> Console:
    """Return a console on the stream as it is now: coloured and fitted on a terminal only."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    # Data may hold brackets and colons: nothing of it is markup.
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def print_json(document: object) -> None:
    """Print one JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def say(text: str) -> None:
    """Print one line for a person, on standard error."""
    console(stderr=True).print(text, soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; a column whose name begins with ``>`` holds numbers, to the right."""
    result = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for column in columns:
        number = column.startswith(">")
        justify: Any = "right" if number else "left"
        # A number that is cut short would be another number: text gives way first.
        result.add_column(column.removeprefix(">"), justify=justify, no_wrap=number)
    for row in rows:
        result.add_row(*(str(cell) for cell in row))
    return result


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on standard output."""
    console().print(table(title, columns, rows))


def money(amount: int, decimals: int = 2) -> str:
    """Return an amount of minor units as people write it: 1,234.56."""
    sign, amount = ("-" if amount < 0 else ""), abs(amount)
    whole, part = divmod(amount, 10**decimals)
    return f"{sign}{whole:,}" + (f".{part:0{decimals}d}" if decimals else "")


@contextmanager
def progress(title: str) -> Iterator[Step]:
    """Show how far long work is: a bar on a terminal, now and then a plain line otherwise."""
    target = console(stderr=True)
    if not target.is_terminal:
        yield _plain(title)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=target,
    )
    with bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _plain(title: str) -> Step:
    last, ended = time.monotonic(), False

    def step(done: int, total: int) -> None:
        nonlocal last, ended
        if (done >= total and not ended) or time.monotonic() - last >= _PLAIN_SECONDS:
            last, ended = time.monotonic(), done >= total
            say(f"{title}: {done:,} of {total:,}")

    return step
