"""``loanbook serve``: the API and the page, with the mirror beside them."""

import copy
import signal
import socket
import sys
import threading
from typing import Annotated, Any, TypeAlias

import typer
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from api.main import create_app
from ledger.chain.client import Client
from ledger.commands.output import progress, say
from ledger.commands.session import Book, ChainId, Db, Rpc, database, deployed, node
from ledger.config import load_settings
from ledger.errors import ConfigError, LoanbookError
from ledger.mirror import Mirror
from ledger.store import Store
from ledger.store.pages import Deployment

Host: TypeAlias = Annotated[str, typer.Option(help="Address to listen on.")]
Port: TypeAlias = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 is any free one.")]

LOCAL, USUAL_PORT = "127.0.0.1", 8000
_STOPPED = 128 + signal.SIGTERM


def serve_command(
    rpc: Rpc = None,
    db: Db = None,
    book: Book = None,
    chain_id: ChainId = None,
    host: Host = LOCAL,
    port: Port = USUAL_PORT,
) -> None:
    """Serve the API and the page over the mirrored book, and keep mirroring.

    A book on an embedded chain lives only as long as its process: see demo --serve.
    """
    settings = load_settings(rpc_url=rpc, database_url=db, book=book, chain_id=chain_id)
    client = node(settings)
    place = deployed(settings, client)
    with listening(host, port) as listener, database(settings) as store:
        with progress("mirror") as step:
            Mirror(client, store, place).sync(step)
        serve(client, store, place, listener)


def listening(host: str, port: int) -> socket.socket:
    """Take the port before any other work. Raises ``ConfigError``."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError("--port", f"cannot listen on {host} port {port}: {error}") from error


def serve(client: Client, store: Store, place: Deployment, listener: socket.socket) -> None:
    """Answer requests until interrupted, while the mirror follows the chain."""
    stop = threading.Event()
    follower = threading.Thread(
        target=_follow, args=(Mirror(client, store, place), stop), daemon=True
    )
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        create_app(store, head=client.head), log_config=_logging(), server_header=False
    )
    # uvicorn raises the signal again when it has shut down: leave the normal way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_STOPPED))
    say(f"Serving http://{host}:{port} (interrupt to stop)")
    follower.start()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        stop.set()
        follower.join()


def _follow(mirror: Mirror, stop: threading.Event) -> None:
    try:
        mirror.follow(stop, on_retry=lambda error: say(f"mirror: {error}; trying again"))
    except LoanbookError as error:
        say(f"The mirror has stopped: {error}. Answers stay at its last block; see /readyz.")


def _logging() -> dict[str, Any]:
    """Return uvicorn's logging, all of it on standard error."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config
