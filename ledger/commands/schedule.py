"""``loanbook schedule``: instalment schedules from terms documents."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from ledger.commands.output import console, print_json, print_table
from ledger.core.schedule import Schedule, schedule
from ledger.core.terms_json import parse_terms
from ledger.errors import InputError, TermsError
from ledger.rates import irr_annual

_COLUMNS = (
    ">#",
    "Due 还款日",
    ">Principal 本金",
    ">Interest 利息",
    ">Fee 服务费",
    ">Total 应还",
    ">Balance 剩余本金",
)


def schedule_command(
    terms: Annotated[
        Path,
        typer.Argument(
            metavar="TERMS.json",
            help="One terms document, a list of them, or one a line; - is standard input.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in kind.")] = False,
) -> None:
    """Compute instalment schedules 还款计划; nothing is signed or sent."""
    documents, lines = _read(terms)
    schedules = [_schedule(document, number) for number, document in enumerate(documents, 1)]
    if not as_json:
        for item in schedules:
            _show(item)
    elif lines:
        for item in schedules:
            sys.stdout.write(json.dumps(_to_json(item), ensure_ascii=False) + "\n")
    else:
        answers = [_to_json(item) for item in schedules]
        print_json(answers if isinstance(documents, _List) else answers[0])


class _List(list[Any]):
    """Documents that came as one JSON list, and are answered so."""


def _read(path: Path) -> tuple[list[Any], bool]:
    """Return the documents, and whether they came as JSON Lines. Raises ``InputError``."""
    name = "standard input" if str(path) == "-" else str(path)
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name} cannot be read as UTF-8 text: {error}") from error
    try:
        document = _parse(text)
    except ValueError as error:
        rows = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(rows) < 2 or not all(line.strip().startswith("{") for _, line in rows):
            raise InputError(f"{name} is no JSON: {error}") from error
        return [_parse_line(name, number, line) for number, line in rows], True
    if isinstance(document, list):
        if not document:
            raise InputError(f"{name} holds an empty list: give at least one terms document")
        return _List(document), False
    return [document], False


def _parse(text: str) -> Any:
    """Return JSON with integers as they are written. Raises ``ValueError``."""
    orjson.loads(text)  # bounds how deep it is nested, which the exact reader does not
    return json.loads(text, object_pairs_hook=_unique)


def _parse_line(name: str, number: int, line: str) -> Any:
    try:
        return _parse(line)
    except ValueError as error:
        raise InputError(f"{name}, line {number} is no JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; a member given twice would leave open which one was meant."""
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"an object repeats {', '.join(repeated)}")
    return document


def _schedule(document: Any, number: int) -> Schedule:
    try:
        return schedule(parse_terms(document))
    except TermsError as error:
        raise TermsError(error.field, f"{error.problem} (document {number})") from error


def _to_json(item: Schedule) -> dict[str, object]:
    rate = irr_annual(item)
    return {**item.to_json(), "irr_annual": None if rate is None else str(rate)}


def _show(item: Schedule) -> None:
    terms = item.terms
    rows: list[tuple[object, ...]] = [
        (
            row.index,
            row.due,
            f"{row.row.principal:,}",
            f"{row.row.interest:,}",
            f"{row.row.fee:,}",
            f"{row.row.total:,}",
            f"{row.balance:,}",
        )
        for row in item.instalments
    ]
    totals = item.totals
    sums = (totals.principal, totals.interest, totals.fee, totals.total)
    rows.append(("Σ", "", *(f"{amount:,}" for amount in sums), ""))
    title = f"{terms.principal:,} minor units, {terms.method}, from {terms.value_date}"
    print_table(title, _COLUMNS, rows)
    rate = irr_annual(item)
    cost = "no finite rate" if rate is None else f"{rate:.4%} a year"
    console().print(f"Cost to the borrower (IRR 内部收益率): {cost}")
    console().print(f"Schedule hash: 0x{item.schedule_hash.hex()}\n")
