// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../interfaces/ILoanBook.sol";
import {Errors} from "./Errors.sol";
import {Loan, Loans} from "./Loans.sol";

/// @title Notes
/// @notice What the holders of a loan's notes are entitled to, exactly.
/// @dev R is all that was ever accepted for the holders. A holder earns units * (R - seen); the
///      division by principal happens once, at the end, and rounds down: holders lose less than
///      one unit each, and the sum of claims never exceeds R.
library Notes {
    using Loans for Loan;
    using Loans for State;

    /// @notice floor((earned + units * (R - seen)) / principal) - paidOut.
    function claimable(Loan storage loan, address holder, uint256 units)
        internal
        view
        returns (uint256)
    {
        if (loan.state.status == Status.None) return 0;
        Holding storage h = loan.holdings[holder];
        uint256 seen = h.seen;
        uint256 earned = units * (loan.paid.accepted - seen);
        // Nothing was earned before the first settlement, so most holders have no such slot.
        if (seen != 0) earned += h.earned;
        return earned / loan.terms.principal - h.paidOut;
    }

    /// @notice Count a payout. The caller pays `paid` to the holder.
    function payOut(
        Loan storage loan,
        bytes32 loanId,
        address holder,
        uint256 units,
        uint256 amount,
        uint32 expected,
        bytes32 ref
    ) internal returns (uint256 paid) {
        State memory s = loan.state;
        s.attest(expected, s.bank);
        uint256 most = claimable(loan, holder, units);
        if (most == 0) revert Errors.NothingClaimable(loanId, holder);
        if (amount == 0) revert Errors.ZeroAmount();
        if (s.bank) {
            if (amount > most) revert Errors.ExceedsEntitlement(most, amount);
            paid = amount;
        } else {
            if (amount != type(uint256).max) revert Errors.PayoutIsAll(amount);
            paid = most;
        }
        loan.holdings[holder].paidOut += uint128(paid);
        loan.record(
            s,
            loanId,
            ILoanBook.PaidOut.selector,
            abi.encode(s.seq + 1, uint40(block.timestamp), holder, paid, ref)
        );
    }

    /// @notice Settle both sides of a transfer, before units move, and record it.
    function transferred(
        Loan storage loan,
        bytes32 loanId,
        address from,
        uint256 fromUnits,
        address to,
        uint256 toUnits,
        uint256 units
    ) external {
        State memory s = loan.state;
        if (s.status != Status.Active && s.status != Status.Defaulted) {
            revert Errors.NotTransferable(loanId, uint8(s.status));
        }
        if (units == 0) revert Errors.ZeroAmount();
        uint128 accepted = loan.paid.accepted;
        _settle(loan.holdings[from], fromUnits, accepted);
        _settle(loan.holdings[to], toUnits, accepted);
        loan.record(
            s,
            loanId,
            ILoanBook.Transferred.selector,
            abi.encode(s.seq + 1, uint40(block.timestamp), from, to, units)
        );
    }

    /// @notice Record the price and the consent of a sale whose notes have moved.
    function assigned(
        Loan storage loan,
        Assignment calldata a,
        bytes32 digest,
        bytes calldata sellerSignature,
        bytes calldata buyerSignature,
        uint32 expected,
        bytes32 ref
    ) external {
        Loans.requireInTime(a.deadline);
        Loans.requireConsent(a.seller, digest, sellerSignature);
        Loans.requireConsent(a.buyer, digest, buyerSignature);
        State memory s = loan.state;
        s.attest(expected, s.bank);
        loan.record(
            s,
            a.loanId,
            ILoanBook.Assigned.selector,
            abi.encode(
                s.seq + 1,
                uint40(block.timestamp),
                a.seller,
                a.buyer,
                a.units,
                a.price,
                a.deadline,
                a.salt,
                sellerSignature,
                buyerSignature,
                ref
            )
        );
    }

    function _settle(Holding storage h, uint256 units, uint128 accepted) private {
        h.earned += units * (accepted - h.seen);
        h.seen = accepted;
    }
}
