"""Opening databases: new ones, old ones, other people's, busy ones."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert
from sqlmodel import SQLModel, select

from ledger.errors import ConfigError, SchemaTooNew, StoreBusy, StoreError
from ledger.store import Store, migrate, open_store
from ledger.store.models import BalanceRow
from ledger.store.versions import table_of
from tests.stores import new_store, url_of


def tables_of(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def test_open_store__new_file__has_the_models_schema(tmp_path: Path) -> None:
    with new_store(tmp_path) as store, store.sessions.connection() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_open_store__again__keeps_what_is_there(tmp_path: Path) -> None:
    with new_store(tmp_path) as store, store.write() as session:
        session.add(BalanceRow(account="custody:CNY", balance=1))
    with new_store(tmp_path) as store, store.read() as view:
        assert view.trial_balance() == {"custody:CNY": 1}


def test_open_store__newer_schema__says_to_upgrade(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "book.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match=r"schema 9999, this version of Loanbook knows 0001"):
        new_store(tmp_path)


def test_open_store__other_peoples_database__is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "book.db") as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="not Loanbook's: it holds recipes"):
        new_store(tmp_path)
    assert tables_of(tmp_path / "book.db") == {"recipes"}


def test_open_store__migration_fails_half_way__leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "migrations"
    versions = broken / "versions"
    versions.mkdir(parents=True)
    real = Path(migrate.__file__).parent / "migrations"
    (broken / "env.py").write_text((real / "env.py").read_text())
    first = (real / "versions" / "0001_first_schema.py").read_text()
    (versions / "0001.py").write_text(first.replace("    _create_vault()\n", "    boom()\n", 1))
    config = migrate.configuration()
    config.set_main_option("script_location", str(broken))
    monkeypatch.setattr(migrate, "configuration", lambda: config)
    with pytest.raises(NameError):
        new_store(tmp_path)
    assert tables_of(tmp_path / "book.db") == set()
    monkeypatch.undo()
    new_store(tmp_path).close()
    assert "vault_fact" in tables_of(tmp_path / "book.db")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
        ("sqlite:////no/such/folder/book.db", "does not exist"),
        ("mysql://localhost/book", "mysql is not supported"),
        ("nonsense", "no database URL"),
        ("foo://bar", "foo is not supported"),
        ("postgresql://u:hunter2@host:notaport/book", "no database URL"),
        ("postgresql+asyncpg://u:hunter2@127.0.0.1:1/book", "asyncpg is not supported"),
        ("sqlite+aiosqlite:///book.db", "aiosqlite is not supported"),
        ("sqlite:///a%00b.db", "sqlite:///FILE"),
        ("sqlite:///book.db?foo=bar", "nothing after the file"),
        ("sqlite://book.db", "three slashes"),
    ],
)
def test_open_store__unusable_url__says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=problem) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_open_store__password_in_the_url__is_not_shown() -> None:
    url = "postgresql+psycopg://me:hunter2@127.0.0.1:1/book"
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_open_store__no_database_file__is_an_error(tmp_path: Path) -> None:
    (tmp_path / "book.db").write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        new_store(tmp_path)


def test_open_store__locked__is_busy_and_can_be_tried_again(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    other = sqlite3.connect(tmp_path / "book.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="locked by another process") as caught:
        open_store(url_of(tmp_path / "book.db"), busy_timeout=0.05)
    assert caught.value.retry
    other.execute("ROLLBACK")
    new_store(tmp_path).close()


def test_write__locked__is_busy_and_changes_nothing(tmp_path: Path) -> None:
    with open_store(url_of(tmp_path / "book.db"), busy_timeout=0.05) as store:
        other = sqlite3.connect(tmp_path / "book.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy), store.write() as session:
            session.add(BalanceRow(account="custody:CNY", balance=1))
        with store.read() as view:
            assert view.trial_balance() == {}
        other.execute("ROLLBACK")
        other.close()
        with store.write() as session:
            session.add(BalanceRow(account="custody:CNY", balance=2))
        with store.read() as view:
            assert view.trial_balance() == {"custody:CNY": 2}


def test_write__error_inside__rolls_back(tmp_path: Path) -> None:
    def fail(store: Store) -> None:
        with store.write() as session:
            session.add(BalanceRow(account="custody:CNY", balance=1))
            session.flush()
            raise RuntimeError

    with new_store(tmp_path) as store:
        with pytest.raises(RuntimeError):
            fail(store)
        with store.read() as view:
            assert view.trial_balance() == {}


def test_read__while_somebody_writes__sees_one_snapshot(tmp_path: Path) -> None:
    with new_store(tmp_path) as store, store.read() as view:
        assert view.trial_balance() == {}
        with store.write() as session:
            session.add(BalanceRow(account="custody:CNY", balance=1))
        assert view.trial_balance() == {}
        with store.read() as later:
            assert later.trial_balance() == {"custody:CNY": 1}


@pytest.mark.parametrize("amount", [0, -1, 2**63, -(2**63) - 1, 2**256 - 1, 1 - 2**256])
def test_amount__any_width__is_exact(tmp_path: Path, amount: int) -> None:
    with new_store(tmp_path) as store:
        with store.write() as session:
            session.connection().execute(
                insert(table_of(BalanceRow)), [{"account": "a", "balance": amount}]
            )
        with store.sessions.read() as session:
            assert session.exec(select(BalanceRow.balance)).one() == amount


@pytest.mark.parametrize("text", ["007", "+1", "1.0", "1e3", "", " 1", "-0", "１"])
def test_amount__not_written_by_loanbook__is_refused(tmp_path: Path, text: str) -> None:
    with new_store(tmp_path) as store:
        with sqlite3.connect(tmp_path / "book.db") as connection:
            connection.execute("INSERT INTO account_balance VALUES ('a', ?)", (text,))
        with pytest.raises(StoreError, match="is no integer"), store.read() as view:
            view.trial_balance()
