"""Settings: where they come from, which one wins, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.config import load_settings
from ledger.errors import ConfigError

BOOK = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("RPC_URL", "CHAIN_ID", "DATABASE_URL", "BOOK", "FINALITY", "KEYSTORE_PASSWORD"):
        monkeypatch.delenv(f"LOANBOOK_{name}", raising=False)
        monkeypatch.delenv(f"LOANBOOK_{name}_FILE", raising=False)
    return tmp_path


def test_load_settings__nothing_given__defaults() -> None:
    settings = load_settings()

    assert settings.rpc_url is None
    assert settings.database_url == "sqlite:///loanbook.db"
    assert settings.deployments == Path("deployments")


def test_load_settings__all_sources__flag_beats_variable_beats_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "loanbook.toml").write_text("chain_id = 1\nfinality = 1\nrpc_timeout = 1\n")
    monkeypatch.setenv("LOANBOOK_CHAIN_ID", "2")
    monkeypatch.setenv("LOANBOOK_FINALITY", "2")

    settings = load_settings(chain_id=3, finality=None)

    assert (settings.chain_id, settings.finality, settings.rpc_timeout) == (3, 2, 1.0)


def test_load_settings__empty_variable__counts_as_not_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOANBOOK_FINALITY", "")

    assert load_settings().finality is None


def test_load_settings__secret_in_file__read_without_its_newline(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "password").write_text("correct horse \n")
    monkeypatch.setenv("LOANBOOK_KEYSTORE_PASSWORD_FILE", str(folder / "password"))

    secret = load_settings().keystore_password

    assert secret is not None
    assert secret.get_secret_value() == "correct horse "


def test_load_settings__secret_given_twice__refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "password").write_text("one")
    monkeypatch.setenv("LOANBOOK_KEYSTORE_PASSWORD_FILE", str(folder / "password"))
    monkeypatch.setenv("LOANBOOK_KEYSTORE_PASSWORD", "two")

    with pytest.raises(ConfigError, match="given together with LOANBOOK_KEYSTORE_PASSWORD_FILE"):
        load_settings()


def test_load_settings__secret_file_missing__names_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOANBOOK_KEYSTORE_PASSWORD_FILE", "/no/such/file")

    with pytest.raises(ConfigError, match=r"/no/such/file cannot be read: No such file"):
        load_settings()


def test_settings__printed__show_neither_secrets_nor_urls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOANBOOK_KEYSTORE_PASSWORD", "hunter2")

    shown = repr(
        load_settings(rpc_url="https://node.example/v3/hunter2", database_url="pg:hunter2")
    )

    assert "hunter2" not in shown


def test_load_settings__lower_case_address__checksummed() -> None:
    assert load_settings(book=BOOK.lower()).book == BOOK


@pytest.mark.parametrize(
    ("flags", "setting", "problem"),
    [
        ({"finality": -1}, "finality", "greater than or equal to 0"),
        ({"finality": "soon"}, "finality", "valid integer"),
        ({"chain_id": 0}, "chain_id", "greater than 0"),
        ({"rpc_url": "ftp://node"}, "rpc_url", "expected http://HOST:PORT"),
        ({"rpc_url": "127.0.0.1:8545"}, "rpc_url", "expected http://HOST:PORT"),
        ({"book": "0x12"}, "book", "expected an address"),
        ({"book": BOOK[:-1] + "7"}, "book", "checksum is wrong"),
        ({"database_url": ""}, "database_url", "at least 1 character"),
        ({"bok": BOOK}, "bok", "there is no such setting; there are book,"),
    ],
)
def test_load_settings__wrong_value__names_setting_and_problem(
    flags: dict[str, object], setting: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(**flags)

    assert caught.value.setting == setting
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [("chain_id =\n", "is not TOML"), ("chain = 5\n", "there is no such setting")],
)
def test_load_settings__bad_file__says_so(folder: Path, content: str, problem: str) -> None:
    (folder / "loanbook.toml").write_text(content)

    with pytest.raises(ConfigError, match=problem):
        load_settings()


def test_load_settings__file_that_is_no_text__is_named(folder: Path) -> None:
    (folder / "loanbook.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match=r"loanbook\.toml: cannot be read: it is not UTF-8"):
        load_settings()
