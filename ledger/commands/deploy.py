"""``loanbook deploy``: a new book on a chain."""

from dataclasses import asdict
from typing import Annotated, TypeAlias

import typer

from ledger.chain.client import Client
from ledger.chain.deploy import Deployer, Deployment, Plan, Roles, write_deployment
from ledger.chain.signers import Signer
from ledger.chain.wire import address_of
from ledger.commands.databases import database
from ledger.commands.flags import ChainId, Db, Json, Rpc
from ledger.commands.node import node
from ledger.commands.output import print_json, print_table, say
from ledger.commands.session import sender
from ledger.config import load_settings
from ledger.core.reading import read_rate
from ledger.errors import ConfigError, TermsError
from ledger.senders import Senders
from ledger.staff import CURRENCIES, RATE_SCALE, development_staff, usual_plan

Role: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Its wallet; on development chains a known account."),
]


def deploy_command(
    rpc: Rpc = None,
    db: Db = None,
    chain_id: ChainId = None,
    currency: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="What loans are settled in; repeat it. CNY and USD."),
    ] = None,
    legal_rate: Annotated[
        str, typer.Option(metavar="RATE", help="Most that a loan may cost a year, fees included.")
    ] = "0.36",
    originator: Role = None,
    custodian: Role = None,
    registrar: Role = None,
    guardian: Role = None,
    as_json: Json = False,
) -> None:
    """Deploy a book with its registry and deposit tokens; write deployments/CHAIN_ID.json.

    LOANBOOK_KEYSTORE is the key that sends and administers, on a development chain its first
    account. The same database never deploys a second book to the same chain: run it again
    after a failure.
    """
    settings = load_settings(rpc_url=rpc, database_url=db, chain_id=chain_id)
    rate = _rate(legal_rate)
    currencies = tuple(_currency(code) for code in currency or CURRENCIES)
    client = node(settings)
    signer = sender(settings, client)
    given = (originator, custodian, guardian, registrar)
    plan = usual_plan(signer.address, _roles(client, given), rate, currencies)
    with database(settings) as store, Senders(client, store.outbox) as senders:
        deployment = deploy(client, senders, signer, plan)
    path = write_deployment(deployment, settings.deployments)
    say(f"Written: {path}")
    if as_json:
        print_json(asdict(deployment))
    else:
        _show(deployment)


def deploy(client: Client, senders: Senders, signer: Signer, plan: Plan) -> Deployment:
    """Deploy a book from one key, each step through its outbox."""
    prefix = f"deploy:{client.block(0).hash.hex()[:16]}"
    deployer = Deployer(client, lambda step, call: senders.send(signer, step, call), prefix)
    return deployer.deploy(plan)


def _roles(client: Client, given: tuple[str | None, ...]) -> Roles:
    names = ("originator", "custodian", "guardian", "registrar")
    usual = asdict(development_staff(client.chain_id).roles) if client.is_development else {}
    addresses = {}
    for name, text in zip(names, given, strict=True):
        address = text or usual.get(name)
        if address is None:
            problem = f"is needed: chain {client.chain_id} is no development chain"
            raise ConfigError(f"--{name}", problem)
        try:
            addresses[name] = address_of(address)
        except ValueError:
            raise ConfigError(f"--{name}", f"{address[:60]!r} is no address") from None
    return Roles(**addresses)


def _rate(text: str) -> int:
    try:
        scaled = read_rate("--legal-rate", text) * RATE_SCALE
    except TermsError as error:
        raise ConfigError(error.field, error.problem) from None
    if scaled.denominator != 1 or scaled > RATE_SCALE:
        raise ConfigError("--legal-rate", f"must be 0 to 1 with at most 6 decimals, got {text}")
    return int(scaled)


def _currency(code: str) -> str:
    if not (len(code) == 3 and code.isascii() and code.isupper()):
        raise ConfigError("--currency", f"must be an ISO 4217 code such as CNY, got {code[:20]!r}")
    return code


def _show(deployment: Deployment) -> None:
    contracts = {"LoanBook": deployment.book, "PartyRegistry": deployment.registry}
    contracts |= {f"CustodyToken {code}": token for code, token in deployment.tokens.items()}
    contracts |= dict(deployment.libraries)
    rows = [(name, item.address, item.block, item.code_hash) for name, item in contracts.items()]
    title = f"A new book on chain {deployment.chain_id}"
    print_table(title, ("Contract", "Address", ">Block", "Code hash"), rows)
