"""Tampering with the database: every changed row is found and named by a full run."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ledger.core.findings import Finding
from ledger.errors import LoanbookError
from ledger.reconcile import Reconciliation, reconcile
from tests.mirrored import Mirrored, mirrored_portfolio
from tests.stores import mirrored_tables, new_store

COVERED = [
    table.name for table in mirrored_tables() if table.name not in ("deployment", "mirror_cursor")
]
COLUMNS = [
    (table.name, column.name)
    for table in mirrored_tables()
    for column in table.columns
    if table.name in COVERED
]
SEED = 20260101

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    with mirrored_portfolio("anvil", tmp_path_factory.mktemp("tamper")) as found:
        yield found


@pytest.fixture
def copy(mirrored: Mirrored, tmp_path: Path) -> Path:
    """Return the folder of a copy that a test may damage."""
    return mirrored.copied_to(tmp_path)


def run(mirrored: Mirrored, folder: Path, *, full: bool = True) -> Reconciliation:
    with new_store(folder) as store:
        return reconcile(mirrored.live.client, store, full=full)


def rows_found(result: Reconciliation, table: str) -> list[Finding]:
    return [item for item in result.findings if item.where.startswith(f"{table} (")]


def flip(value: Any, chance: random.Random) -> Any:
    """Return a stored value with one bit changed."""
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(12)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    bit = chance.randrange(8 * len(raw))
    raw[bit // 8] ^= 1 << bit % 8
    return bytes(raw)


def damage(folder: Path, table: str, column: str, chance: random.Random) -> None:
    """Flip one bit of one value of a column, in a row that has one."""
    with sqlite3.connect(folder / "book.db") as connection:
        query = f'SELECT rowid, "{column}" FROM "{table}" WHERE length("{column}") > 0'
        values = connection.execute(query).fetchall()
        while True:
            rowid, value = chance.choice(values)
            # What was text stays text, even where it is none any more.
            as_stored = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
            change = f'UPDATE "{table}" SET "{column}" = {as_stored} WHERE rowid = ?'
            try:
                connection.execute(change, (flip(value, chance), rowid))
            except sqlite3.IntegrityError:
                continue
            return


def test_full_run__nothing_damaged__finds_nothing(mirrored: Mirrored, copy: Path) -> None:
    result = run(mirrored, copy)
    assert result.ok
    assert {item.code for item in result.findings} == {"surplus"}
    assert set(COVERED) == {
        "block", "log", "loan_state", "party_state", "subject_state", "book_state", "loan_holder",
        "journal_entry", "journal_line", "account_balance",
    }  # fmt: skip


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_full_run__any_bit_flipped__names_the_row(
    mirrored: Mirrored, copy: Path, table: str, column: str
) -> None:
    damage(copy, table, column, random.Random(f"{SEED} {table} {column}"))
    result = run(mirrored, copy)
    assert not result.ok
    assert not result.checks["tables"].ok
    assert rows_found(result, table), result.findings


@pytest.mark.parametrize("table", COVERED)
def test_full_run__row_deleted__is_named(mirrored: Mirrored, copy: Path, table: str) -> None:
    with sqlite3.connect(copy / "book.db") as connection:
        middle = f'SELECT (max(rowid) + 1) / 2 FROM "{table}"'
        connection.execute(f'DELETE FROM "{table}" WHERE rowid = ({middle})')
    result = run(mirrored, copy)
    found = rows_found(result, table)
    assert [(item.expected, item.found) for item in found] == [("a row", "none")]


@pytest.mark.parametrize("table", COVERED)
def test_full_run__row_inserted__is_named(mirrored: Mirrored, copy: Path, table: str) -> None:
    keys = {"block": "number", "journal_entry": "number", "account_balance": "account"}
    key = keys.get(table, "holder" if table == "loan_holder" else "block_number")
    key = "entry" if table == "journal_line" else key
    with sqlite3.connect(copy / "book.db") as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute(f'SELECT * FROM "{table}" LIMIT 1').fetchone())
        row[key] = row[key] + (100_000 if isinstance(row[key], int) else "x")
        for name, value in (("current", 0), ("seq", 10_000), ("log_index", 10_000)):
            if name in row:
                row[name] = value
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', [*row.values()])
    result = run(mirrored, copy)
    found = rows_found(result, table)
    assert [(item.expected, item.found) for item in found] == [("no such row", "a row")]


@pytest.mark.parametrize(
    ("table", "key", "column"),
    [
        ("log", "rowid", "data"),
        ("log", "rowid", "tx_hash"),
        ("block", "number", "timestamp"),
        ("loan_state", "ordinal", "state"),
        ("journal_line", "rowid", "amount"),
        ("journal_entry", "number", "previous"),
        ("account_balance", "rowid", "balance"),
        ("party_state", "rowid", "state"),
    ],
)
def test_full_run__two_values_swapped__both_are_named(
    mirrored: Mirrored, copy: Path, table: str, key: str, column: str
) -> None:
    with sqlite3.connect(copy / "book.db") as connection:
        query = f"SELECT {key}, {column} FROM {table} ORDER BY {key}"
        rows = connection.execute(query).fetchall()
        first, second = next((a, b) for a, b in pairwise(rows) if a[1] != b[1])
        for row, value in ((first, second[1]), (second, first[1])):
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, row[0]))
    found = rows_found(run(mirrored, copy), table)
    assert len(found) == 2
    assert all(item.where.endswith(f" {column}") for item in found)


@pytest.mark.parametrize("table", ["log", "journal_entry", "journal_line"])
def test_full_run__tail_cut__every_lost_row_is_named(
    mirrored: Mirrored, copy: Path, table: str
) -> None:
    with sqlite3.connect(copy / "book.db") as connection:
        last = f"SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT 5"
        connection.execute(f"DELETE FROM {table} WHERE rowid IN ({last})")
    assert len(rows_found(run(mirrored, copy), table)) == 5


@pytest.mark.parametrize("seed", range(10))
def test_full_run__seeded_flips__none_escapes(mirrored: Mirrored, copy: Path, seed: int) -> None:
    chance = random.Random(f"{SEED} {seed}")
    table, column = chance.choice(COLUMNS)
    damage(copy, table, column, chance)
    assert rows_found(run(mirrored, copy), table)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("UPDATE log SET data = zeroblob(64) WHERE event = 'Repaid'", "completeness"),
        ("DELETE FROM log WHERE event = 'PaidOut'", "completeness"),
        ("UPDATE journal_line SET amount = '5' WHERE entry = 3 AND position = 0", "journal"),
        ("UPDATE journal_line SET account = 'custody:XXX' WHERE entry = 3", "journal"),
        ("UPDATE journal_entry SET effective = effective + 1 WHERE number = 2", "journal"),
        ("DELETE FROM journal_entry WHERE number = 7", "journal"),
        ("DELETE FROM journal_line WHERE entry = 7", "journal"),
        ("UPDATE account_balance SET balance = '-1' WHERE account LIKE 'payable:%'", "money"),
    ],
)
def test_first_run__history_altered__is_found_without_a_rebuild(
    mirrored: Mirrored, copy: Path, change: str, check: str
) -> None:
    with sqlite3.connect(copy / "book.db") as connection:
        assert connection.execute(change).rowcount
    result = run(mirrored, copy, full=False)
    assert not result.ok
    assert not result.checks[check].ok


def test_first_run__loan_state_altered__names_the_field(mirrored: Mirrored, copy: Path) -> None:
    loan = mirrored.live.loans[0]
    with sqlite3.connect(copy / "book.db") as connection:
        changed = connection.execute(
            "UPDATE loan_state SET state = CAST(replace(CAST(state AS TEXT), ?, ?) AS BLOB)"
            " WHERE loan_id = ?",
            ('"attestations":"2"', '"attestations":"9"', loan.id),
        )
        assert changed.rowcount == 1
    result = run(mirrored, copy, full=False)
    (finding,) = [item for item in result.findings if item.code == "state"]
    assert finding.loan_id == loan.id
    assert finding.where.startswith("state.attestations")
    assert (finding.expected, finding.found) == ("9", "2")


def test_first_run__record_unreadable__is_a_finding_not_a_crash(
    mirrored: Mirrored, copy: Path
) -> None:
    with sqlite3.connect(copy / "book.db") as connection:
        connection.execute("UPDATE loan_state SET state = x'ff00'")
    result = run(mirrored, copy, full=False)
    assert not result.ok
    assert "record" in {item.code for item in result.findings}


@pytest.mark.parametrize("table", ["deployment", "mirror_cursor"])
def test_full_run__cursor_or_binding_damaged__never_passes(
    mirrored: Mirrored, copy: Path, table: str
) -> None:
    columns = [
        column.name
        for found in mirrored_tables()
        if found.name == table
        for column in found.columns
        if column.name != "final_number"
    ]
    for column in columns:
        shutil.copy(mirrored.file, copy / "book.db")
        damage(copy, table, column, random.Random(f"{SEED} {table} {column}"))
        try:
            passed = run(mirrored, copy).ok
        except LoanbookError:
            passed = False
        assert not passed, column
