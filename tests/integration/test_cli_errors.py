"""Bad input to the commands: one clear line, the right exit code, nothing changed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from ledger import errors
from ledger.cli import COMMANDS, exit_code
from ledger.commands.output import PLAIN_WIDTH
from ledger.store import open_store
from tests.cli import run
from tests.nodes import free_port

BOOK = "0x" + "12" * 20


@pytest.fixture
def closed_port() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def mainnet() -> Iterator[str]:
    """A node that says it is on Ethereum's main network, and knows nothing else."""
    answers = {"eth_chainId": "0x1", "web3_clientVersion": "Geth/v1.16.0"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = orjson.dumps(
                {"jsonrpc": "2.0", "id": question["id"], "result": answers[question["method"]]}
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "command",
    [
        ("deploy",),
        ("mirror",),
        ("reconcile", "--json"),
        ("replay", "--book", BOOK, "--json"),
        ("demo", "--json"),
        ("serve", "--port", "0"),
    ],
    ids=lambda command: command[0],
)
def test_commands__unreachable_node__exit_3_and_change_nothing(
    closed_port: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    answer = run(*command, "--rpc", closed_port, folder=tmp_path)
    assert answer.code == 3
    assert answer.out == ""
    assert f"node {closed_port} is not reachable" in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["deploy", "mirror", "reconcile", "replay"])
def test_commands__no_node__ask_for_one(tmp_path: Path, command: str) -> None:
    more = ("--book", BOOK) if command == "replay" else ()
    answer = run(command, *more, folder=tmp_path)
    assert answer.code == 2
    assert "--rpc" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mirror", "--rpc", "ftp://x"), "rpc_url"),
        (("mirror", "--rpc", "http://127.0.0.1:1", "--book", "0x12"), "book"),
        (("mirror", "--rpc", "http://127.0.0.1:1", "--chain-id", "0"), "chain_id"),
        (("replay", "--rpc", "http://127.0.0.1:1"), "--book"),
        (("replay", "--at", "-1"), "--at"),
        (("replay", "--book", BOOK, "--at", "1", "--compare", "http://x"), "--compare"),
        (("mirror", "--follow", "--json"), "--follow"),
        (("deploy", "--rpc", "http://127.0.0.1:1", "--legal-rate", "lots"), "--legal-rate"),
        (("deploy", "--rpc", "http://127.0.0.1:1", "--legal-rate", "1.5"), "--legal-rate"),
        (("deploy", "--rpc", "http://127.0.0.1:1", "--currency", "yuan"), "--currency"),
        (("demo", "--loans", "0"), "--loans"),
        (("demo", "--loans", "many"), "--loans"),
        (("export", "--format", "xml", "-o", "out"), "--format"),
        (("tape", "import", "t.csv", "--profile", "generic"), "t.csv"),
        (("tape", "eat"), "eat"),
    ],
    ids=" ".join,
)
def test_commands__wrong_use__exit_2_and_name_it(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    answer = run(*arguments, folder=tmp_path)
    assert answer.code == 2
    assert answer.out == ""
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


def test_export__no_database__exits_2_and_makes_none(tmp_path: Path) -> None:
    answer = run("export", "-o", "out", folder=tmp_path)
    assert answer.code == 2
    assert "there is no database loanbook.db: run `loanbook mirror` first" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_export__nothing_mirrored__exits_2(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'loanbook.db'}").close()
    answer = run("export", "-o", "out", folder=tmp_path)
    assert answer.code == 2
    assert "nothing is mirrored yet: run `loanbook mirror` first" in answer.err


def test_export__no_such_folder_for_the_database__exits_2(tmp_path: Path) -> None:
    answer = run("export", "-o", "out", "--db", "sqlite:///no/such/x.db", folder=tmp_path)
    assert answer.code == 2
    assert "does not exist" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_demo__chain_that_is_no_development_chain__is_refused(mainnet: str, tmp_path: Path) -> None:
    answer = run("demo", "--rpc", mainnet, folder=tmp_path)
    assert answer.code == 2
    assert "development chains" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_deploy__no_key_for_a_real_chain__asks_for_a_keystore(mainnet: str, tmp_path: Path) -> None:
    answer = run("deploy", "--rpc", mainnet, folder=tmp_path)
    assert answer.code == 2
    assert "LOANBOOK_KEYSTORE" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["postgresql://u:p@h:notaport/db", "sqlite:///x.db?foo=bar"])
def test_export__unusable_database_url__exits_2(tmp_path: Path, url: str) -> None:
    answer = run("export", "-o", "out", "--db", url, folder=tmp_path)
    assert answer.code == 2
    assert "database_url" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_commands__long_error__is_one_line_in_a_pipe(tmp_path: Path) -> None:
    name = "/".join(["folder " * 20] * 5)
    answer = run("tape", "import", name, "--profile", "generic", folder=tmp_path)
    assert answer.code == 2
    assert len(answer.err) > 2 * PLAIN_WIDTH
    assert answer.err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [("schedule", "--help"), ("--version",)], ids=" ".join)
def test_commands__output_that_is_full__exit_3_with_one_line(arguments: tuple[str, ...]) -> None:
    program = Path(sys.executable).with_name("loanbook")
    with Path("/dev/full").open("wb") as full:
        answer = subprocess.run(
            [program, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert answer.returncode == 3
    assert answer.stderr == "loanbook: the system refused: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    ("command", "unused"), [("replay", {"sqlalchemy", "ledger.store"}), ("export", {"web3"})]
)
def test_commands__one_is_loaded__leaves_out_slow_libraries_that_it_does_not_use(
    command: str, unused: set[str]
) -> None:
    code = f"import sys, ledger.commands.{command}; print(sorted({unused} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_commands__help__is_there(name: str) -> None:
    answer = run(name, "--help")
    assert answer.code == 0
    assert "Usage: loanbook" in answer.out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.TermsError("principal", "is missing"), 2),
        (errors.WrongChain(1, 2), 2),
        (errors.OtherBook("another"), 2),
        (errors.NodeUnreachable("http://x", "refused"), 3),
        (errors.StoreBusy("locked"), 3),
        (errors.NotMined(["r"], 1.0), 3),
        (errors.LogMissing("bookHead", 1, b"", b""), 1),
        (errors.FinalityViolated(1, b"", None), 1),
        (errors.Reverted("WrongStatus", {}, b""), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exit_code__error__is_as_documented(error: errors.LoanbookError, code: int) -> None:
    assert exit_code(error) == code
