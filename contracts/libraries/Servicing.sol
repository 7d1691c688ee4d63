// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../interfaces/ILoanBook.sol";
import {Allocation} from "./Allocation.sol";
import {Errors} from "./Errors.sol";
import {Loan, Loans} from "./Loans.sol";
import {Schedule} from "./Schedule.sol";

/// @title Servicing
/// @notice Payments of the borrower, and default.
/// @dev External: LoanBook calls it by delegatecall, after it checked who calls.
library Servicing {
    using Loans for Loan;
    using Loans for State;

    uint256 private constant ALL = type(uint256).max;

    /// @notice What identifies one payment.
    /// @param payer Whose money it is.
    /// @param paidAt Bank: 24:00 of the value date. Token: 0.
    /// @param expected The loan's attestation count that the caller acted on.
    struct Payment {
        address payer;
        uint40 paidAt;
        uint32 expected;
        bytes32 ref;
    }

    /// @notice Take `amount`, or with the maximum all that is due.
    function repay(
        Loan storage loan,
        bytes32 loanId,
        bytes32[] calldata rows,
        uint256 amount,
        Payment memory payment
    ) external returns (Split memory split) {
        State memory s = loan.loadOwing(loanId);
        s.attest(payment.expected, false);
        if (amount == 0) revert Errors.ZeroAmount();
        Schedule.requireHash(rows, loan.scheduleHash);
        Terms memory terms = loan.terms;
        uint256 day = _valueDay(terms, s, payment);
        Position memory p = _position(loan, s);
        split = Allocation.pay(p, terms, rows, day, amount);
        uint256 total = split.fee + split.penalty + split.interest + split.principal;
        if (total == 0) revert Errors.NothingDue(loanId);
        if (amount != ALL && amount != total) revert Errors.ExceedsDue(total, amount);
        _store(loan, s, p, total - split.fee);
        _recordRepaid(loan, s, loanId, payment, split);
    }

    /// @notice Take all that is due, then principal early.
    /// @return fee Everything for the fee receiver.
    /// @return holders Everything for the holders.
    function prepay(
        Loan storage loan,
        Prepayment calldata order,
        bytes32 digest,
        bytes calldata signature,
        bytes32[] calldata rows,
        Payment memory payment
    ) external returns (uint256 fee, uint256 holders) {
        State memory s = loan.load(order.loanId, Status.Active);
        s.attest(payment.expected, false);
        if (order.amount == 0) revert Errors.ZeroAmount();
        Loans.requireInTime(order.deadline);
        Loans.requireConsent(payment.payer, digest, signature);
        Schedule.requireHash(rows, loan.scheduleHash);
        Terms memory terms = loan.terms;
        uint256 day = _valueDay(terms, s, payment);
        Position memory p = _position(loan, s);
        Split memory due = Allocation.pay(p, terms, rows, day, ALL);
        uint256 principal = order.amount == type(uint128).max ? p.outstanding : order.amount;
        if (p.outstanding == 0) revert Errors.ExceedsOutstanding(0, order.amount);
        uint256 interest;
        (fee, interest) = Allocation.prepay(p, terms, rows, day, principal);
        holders = due.penalty + due.interest + due.principal;
        bool anythingDue = holders + due.fee != 0;
        holders += interest + principal;
        s.early = true;
        loan.earlyPrincipal = p.early;
        _store(loan, s, p, holders);
        if (anythingDue) _recordRepaid(loan, s, order.loanId, payment, due);
        ++s.attestations;
        loan.record(
            s,
            order.loanId,
            ILoanBook.Prepaid.selector,
            abi.encode(
                s.seq + 1,
                uint40(block.timestamp),
                payment.paidAt,
                fee,
                interest,
                principal,
                order.amount,
                order.deadline,
                order.salt,
                signature,
                payment.ref
            )
        );
        fee += due.fee;
    }

    /// @notice Make everything due at once, if the oldest unpaid row is late enough.
    function declareDefault(
        Loan storage loan,
        bytes32 loanId,
        bytes32[] calldata rows
    ) external {
        State memory s = loan.load(loanId, Status.Active);
        Schedule.requireHash(rows, loan.scheduleHash);
        Terms memory terms = loan.terms;
        uint256 day = _defaultDay(terms, s);
        Position memory p = _position(loan, s);
        (bool late, uint256 index, uint256 dueDay) =
            Allocation.oldestUnpaid(p, terms, rows, day);
        uint256 daysLate = late ? day - dueDay : 0;
        if (daysLate <= terms.defaultAfterDays) {
            revert Errors.NotYetInDefault(daysLate, uint256(terms.defaultAfterDays) + 1);
        }
        Allocation.accelerate(p, terms, rows, index, day);
        s.status = Status.Defaulted;
        _store(loan, s, p, 0);
        loan.acceleration = p.claim;
        loan.record(
            s,
            loanId,
            ILoanBook.Defaulted.selector,
            abi.encode(
                s.seq + 1,
                uint40(block.timestamp),
                day,
                p.claim.fee,
                p.claim.penalty,
                p.claim.interest,
                p.outstanding
            )
        );
    }

    /// @notice What is due at `at` and how it would be split.
    function amountsDue(Loan storage loan, bytes32 loanId, bytes32[] calldata rows, uint40 at)
        external
        view
        returns (Split memory)
    {
        State memory s = loan.loadOwing(loanId);
        Schedule.requireHash(rows, loan.scheduleHash);
        Terms memory terms = loan.terms;
        uint256 day = Schedule.dayOf(terms.valueDate, at);
        if (day < s.lastDay) revert Errors.ValueDateBeforeLast(day, s.lastDay);
        return Allocation.pay(_position(loan, s), terms, rows, day, ALL);
    }

    /// @dev Day of a payment: today, or the bank's value date within its bounds. Sets
    ///      `payment.paidAt` to the block's time in token mode.
    function _valueDay(Terms memory terms, State memory s, Payment memory payment)
        private
        view
        returns (uint256 day)
    {
        if (!s.bank) {
            if (payment.paidAt != 0) revert Errors.ValueDateInTokenMode(payment.paidAt);
            payment.paidAt = uint40(block.timestamp);
            return Schedule.dayOf(terms.valueDate, block.timestamp);
        }
        // Days of the calendar in the loan's own zone: before the value date every day of the loan
        // is 0, and bounds by it would let any date through.
        uint256 zone = terms.valueDate % 1 days;
        uint256 today = Schedule.dayOf(zone, block.timestamp);
        uint256 valued = Schedule.dayOf(zone, payment.paidAt);
        if (valued > today) revert Errors.ValueDateInFuture(valued, today);
        day = Schedule.dayOf(terms.valueDate, payment.paidAt);
        if (day < s.lastDay) revert Errors.ValueDateBeforeLast(day, s.lastDay);
        if (valued + terms.attestationLag < today) {
            revert Errors.ValueDateTooOld(valued, today - terms.attestationLag);
        }
    }

    /// @dev Day from which default counts: today, or at the bank the oldest day on which a payment
    ///      may still be attested, so that no value date can lie before it.
    function _defaultDay(Terms memory terms, State memory s)
        private
        view
        returns (uint256 day)
    {
        day = Schedule.dayOf(terms.valueDate, block.timestamp);
        if (!s.bank) return day;
        day = day > terms.attestationLag ? day - terms.attestationLag : 0;
        if (day < s.lastDay) day = s.lastDay;
    }

    function _position(Loan storage loan, State memory s)
        private
        view
        returns (Position memory p)
    {
        p.row = s.row;
        p.rowPaid = loan.paid.rowPaid;
        p.outstanding = s.outstanding;
        p.lastDay = s.lastDay;
        if (s.late) {
            p.numerator = loan.penalty.numerator;
            p.settled = loan.penalty.settled;
        }
        if (s.early) p.early = loan.earlyPrincipal;
        if (s.status == Status.Defaulted) {
            p.accelerated = true;
            p.claim = loan.acceleration;
        }
    }

    /// @dev Write a position back and add `accepted` to R; `record` writes `s` itself. The casts
    ///      hold by the widths that Allocation states.
    function _store(Loan storage loan, State memory s, Position memory p, uint256 accepted)
        private
    {
        s.row = uint16(p.row);
        s.lastDay = uint16(p.lastDay);
        s.outstanding = uint88(p.outstanding);
        if (p.outstanding == 0) s.status = Status.Repaid;
        uint256 total = loan.paid.accepted + accepted;
        loan.paid = Paid(uint128(total), uint128(p.rowPaid));
        bool late = p.numerator != 0 || p.settled != 0;
        if (late || s.late) loan.penalty = Penalty(uint128(p.numerator), uint128(p.settled));
        s.late = late;
    }

    function _recordRepaid(
        Loan storage loan,
        State memory s,
        bytes32 loanId,
        Payment memory payment,
        Split memory split
    ) private {
        ++s.attestations;
        loan.record(
            s,
            loanId,
            ILoanBook.Repaid.selector,
            abi.encode(
                s.seq + 1,
                uint40(block.timestamp),
                payment.paidAt,
                payment.payer,
                split,
                payment.ref
            )
        );
    }
}
