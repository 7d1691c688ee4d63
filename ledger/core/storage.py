"""The book's state under the names that the contract's views give it, for comparison.

Keys are ``group.field``: the view and the member of its struct, in snake_case. A mapping's key
stands between them: ``holding.0xHolder.paid_out``. Values are integers, booleans, 32-byte words
and addresses, as the chain returns them.
"""

from typing import TypeAlias

from ledger.core.agreement import Agreement
from ledger.core.allocation import Acceleration
from ledger.core.loan import Loan
from ledger.core.rules import Rules
from ledger.core.types import ZERO_ADDRESS

Fields: TypeAlias = dict[str, int | bool | bytes | str]


def loan_fields(loan: Loan) -> Fields:
    """Return everything that the contract stores of a loan."""
    position = loan.position
    claim = position.accelerated or Acceleration(0, 0, 0)
    return {
        "head": loan.head,
        "schedule_hash": loan.agreement.schedule_hash,
        **_terms(loan.agreement),
        "terms.attestation_lag": loan.attestation_lag,
        **_state(loan),
        "paid.accepted": loan.accepted,
        "paid.row_paid": position.row_paid,
        "penalty.numerator": position.numerator,
        "penalty.settled": position.settled,
        "acceleration.fee": claim.fee,
        "acceleration.interest": claim.interest,
        "acceleration.penalty": claim.penalty,
        "early_principal": position.early,
        **_wallets(loan.agreement),
        **_holdings(loan),
    }


def _terms(signed: Agreement) -> Fields:
    return {
        "terms.principal": signed.principal,
        "terms.value_date": signed.value_date,
        "terms.daily_rate": signed.daily_rate,
        "terms.penalty_rate": signed.penalty_rate,
        "terms.grace_days": signed.grace_days,
        "terms.prepayment_fee_bps": signed.prepayment_fee_bps,
        "terms.default_after_days": signed.default_after_days,
        "terms.write_off_after_days": signed.write_off_after_days,
    }


def _state(loan: Loan) -> Fields:
    return {
        "state.status": int(loan.status),
        "state.version": loan.version,
        "state.bank": loan.bank,
        "state.early": loan.position.early > 0,
        "state.row": loan.position.row,
        "state.last_day": loan.position.last_day,
        "state.settlement": loan.settlement,
        "state.seq": loan.seq,
        "state.attestations": loan.attestations,
        "state.outstanding": loan.outstanding,
        "state.late": loan.position.numerator > 0 or loan.position.settled > 0,
    }


def _wallets(signed: Agreement) -> Fields:
    own = signed.payee == signed.borrower
    return {
        "wallets.borrower": signed.borrower,
        "wallets.funding_deadline": signed.funding_deadline,
        # The contract leaves the slot empty when the borrower itself is paid.
        "wallets.payee": ZERO_ADDRESS if own else signed.payee,
        "wallets.fee_receiver": signed.fee_receiver,
        "wallets.guarantor": signed.guarantor,
    }


def _holdings(loan: Loan) -> Fields:
    fields: Fields = {}
    for holder, holding in sorted(loan.holders.items()):
        fields[f"balance_of.{holder}"] = holding.units
        fields[f"holding.{holder}.earned"] = holding.earned
        fields[f"holding.{holder}.seen"] = holding.seen
        fields[f"holding.{holder}.paid_out"] = holding.paid_out
    return fields


def rules_fields(rules: Rules) -> Fields:
    """Return what book and registry store beside loans and parties; roles as granted ones."""
    fields: Fields = {
        "book_head": rules.book_head,
        "book_seq": rules.book_seq,
        "paused": rules.paused,
        "settlement_count": len(rules.settlements),
        "registry.head": rules.registry_head,
        "registry.seq": rules.registry_seq,
    }
    if rules.policy is not None:
        fields["policy.legal_annual_rate"] = rules.policy.legal_annual_rate
        fields["policy.max_penalty_rate"] = rules.policy.max_penalty_rate
        fields["policy.max_prepayment_fee_bps"] = rules.policy.max_prepayment_fee_bps
        fields["policy.max_attestation_lag"] = rules.policy.max_attestation_lag
    for index, settlement in enumerate(rules.settlements):
        fields[f"settlement.{index}.token"] = settlement.token
        fields[f"settlement.{index}.currency"] = settlement.currency
        fields[f"settlement.{index}.open"] = settlement.open
    for (index, receiver), fees in sorted(rules.fees.items()):
        fields[f"fees.{index}.{receiver}.credited"] = fees.credited
        fields[f"fees.{index}.{receiver}.withdrawn"] = fees.withdrawn
    for role, account in sorted(rules.roles):
        fields[f"has_role.0x{role.hex()}.{account}"] = True
    for role, account in sorted(rules.registry_roles):
        fields[f"registry.has_role.0x{role.hex()}.{account}"] = True
    return fields
