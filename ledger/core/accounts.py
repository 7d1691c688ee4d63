"""Chart of accounts of the client money ledger.

``<unit>`` is what amounts are counted in: the token's address, or the currency when money is at
the bank; so no entry can mix two. Ids and addresses are ``0x`` hex.

| account                          | Chinese      | holds                                          |
|----------------------------------|--------------|------------------------------------------------|
| custody:<unit>                   | 资金存管     | client money in the book or at the custodian   |
| escrow:<unit>:<loan>:<lender>    | 出借待放款   | a lender's money, until disbursed or refunded  |
| receivable:<unit>:<loan>         | 应收借款本金 | principal that the borrower owes               |
| claims:<unit>:<loan>             | 出借人债权   | the same principal, as the holders' claim      |
| payable:<unit>:<loan>            | 应付出借人   | accepted for the holders and not yet paid out  |
| fees:<unit>:<receiver>           | 应付服务费   | credited to a fee receiver and not withdrawn   |

The platform's own book is elsewhere: loans are never its assets.
"""

from collections.abc import Mapping

from ledger.core.types import Address, LoanId

CHART: Mapping[str, tuple[str, str]] = {
    "custody": ("client money held", "资金存管"),
    "escrow": ("lenders' money until disbursed or refunded", "出借待放款"),
    "receivable": ("principal owed by the borrower", "应收借款本金"),
    "claims": ("the same principal as the holders' claim", "出借人债权"),
    "payable": ("accepted for the holders, not yet paid out", "应付出借人"),
    "fees": ("credited to a fee receiver, not withdrawn", "应付服务费"),
}
"""What each kind of account holds, in English and Chinese."""


def custody(unit: str) -> str:
    """Return the account of client money."""
    return f"custody:{unit}"


def escrow(unit: str, loan_id: LoanId, lender: Address) -> str:
    """Return the account of a lender's money for one loan."""
    return f"escrow:{unit}:0x{loan_id.hex()}:{lender}"


def receivable(unit: str, loan_id: LoanId) -> str:
    """Return the account of a loan's principal, as owed by the borrower."""
    return f"receivable:{unit}:0x{loan_id.hex()}"


def claims(unit: str, loan_id: LoanId) -> str:
    """Return the account of a loan's principal, as claimed by the holders."""
    return f"claims:{unit}:0x{loan_id.hex()}"


def payable(unit: str, loan_id: LoanId) -> str:
    """Return the account of what a loan's holders may be paid out."""
    return f"payable:{unit}:0x{loan_id.hex()}"


def fees(unit: str, receiver: Address) -> str:
    """Return the account of a fee receiver."""
    return f"fees:{unit}:{receiver}"
