"""``loanbook serve``: the API and the page, with the mirror beside them."""

import copy
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack
from typing import Annotated, Any, TypeAlias

import typer
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from api.main import create_app
from ledger.chain.client import Client
from ledger.chain.embedded import embedded_client
from ledger.commands.databases import database, database_or_temporary
from ledger.commands.deploy import deploy
from ledger.commands.flags import Book, ChainId, Db, Rpc
from ledger.commands.node import node
from ledger.commands.output import progress, say
from ledger.commands.session import deployed
from ledger.config import load_settings
from ledger.deployments import mirrored
from ledger.errors import ConfigError, LoanbookError
from ledger.mirror import Mirror
from ledger.senders import Senders
from ledger.staff import CURRENCIES, LEGAL_ANNUAL_RATE, development_staff, usual_plan
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

    Without --rpc it serves a new, empty book on a chain inside this process, which ends with it;
    demo --serve serves one that has lived.
    """
    settings = load_settings(rpc_url=rpc, database_url=db, book=book, chain_id=chain_id)
    with ExitStack() as held:
        listener = held.enter_context(listening(host, port))
        if settings.rpc_url is None:
            client = embedded_client(genesis_time=int(time.time()))
            store = held.enter_context(database_or_temporary(settings))
            place = _new_book(client, store)
        else:
            client = node(settings)
            place = deployed(settings, client)
            store = held.enter_context(database(settings))
        with progress("mirror") as step:
            Mirror(client, store, place).sync(step)
        serve(client, store, place, listener)


def _new_book(client: Client, store: Store) -> Deployment:
    staff = development_staff(client.chain_id)
    plan = usual_plan(staff.admin.address, staff.roles, LEGAL_ANNUAL_RATE, CURRENCIES)
    with Senders(client, store.outbox) as senders:
        return mirrored(deploy(client, senders, staff.admin, plan))


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
