"""The people of a platform on a development chain, and the book that they usually start."""

from dataclasses import dataclass

from ledger.chain.deploy import Plan, Roles, TokenSpec
from ledger.chain.signers import DevelopmentSigner
from ledger.core.types import Address, Policy

CURRENCIES = ("CNY", "USD")
RATE_SCALE = 10**6
LEGAL_ANNUAL_RATE = 360_000
"""36% a year, 1e-6: the cap of a book for which nothing else is said."""

DECIMALS = 2
"""Of every currency that a usual book is settled in."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Development accounts 0 to 5, whose keys everybody knows."""

    admin: DevelopmentSigner
    originator: DevelopmentSigner
    custodian: DevelopmentSigner
    registrar: DevelopmentSigner
    guardian: DevelopmentSigner
    fee_receiver: DevelopmentSigner

    @property
    def roles(self) -> Roles:
        """Who holds which role."""
        return Roles(
            originator=self.originator.address,
            custodian=self.custodian.address,
            guardian=self.guardian.address,
            registrar=self.registrar.address,
        )


def development_staff(chain_id: int) -> Staff:
    """Return the staff of a development chain. Raises ``NotADevelopmentChain``."""
    return Staff(*(DevelopmentSigner(index, chain_id) for index in range(6)))


def usual_plan(
    admin: Address, roles: Roles, legal_annual_rate: int, currencies: tuple[str, ...]
) -> Plan:
    """Return a book with a deposit token for each currency, and the bank beside it.

    ``legal_annual_rate`` in 1e-6 a year caps all interest and fees. Penalty is at most 0.1% a
    day, the prepayment fee 3%; a bank may attest a value date up to 5 days ago.
    """
    return Plan(
        admin=admin,
        roles=roles,
        policy=Policy(
            legal_annual_rate=legal_annual_rate,
            max_penalty_rate=1_000,
            max_prepayment_fee_bps=300,
            max_attestation_lag=5,
        ),
        tokens=tuple(
            TokenSpec(f"Custody {code} 存管凭证", f"c{code}", code, DECIMALS) for code in currencies
        ),
        bank_currencies=currencies,
    )
