// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Acceleration, Position, Split, Terms} from "../interfaces/ILoanBook.sol";
import {Errors} from "./Errors.sol";
import {Schedule} from "./Schedule.sol";

/// @title Allocation
/// @notice What is due on a loan and how a payment is split. Twin of ledger/core/allocation.py.
/// @dev A payment goes to the oldest unpaid row that is due, within it to fee, penalty, interest,
///      principal. Divisions round down unless the function's name ends in Up.
///      Widths: principal < 2^88; interest of all rows < 600 * 2^80 < 2^90; a penalty's base is
///      below 2^91 and its days are at most 65,535, so numerators stay below 2^107 and, at no
///      more than 1% a day, penalties below 2^107: every sum fits 128 bits.
library Allocation {
    using Schedule for bytes32;

    uint256 private constant PENALTY_SCALE = 1e6;
    uint256 private constant BPS = 10_000;

    /// @notice Pay up to `budget` on `day`, in place; the maximum pays all that is due.
    /// @return total Less than the budget when less was due.
    function pay(
        Position memory p,
        Terms memory terms,
        bytes32[] calldata rows,
        uint256 day,
        uint256 budget
    ) internal pure returns (Split memory total) {
        if (p.accelerated) {
            _take(p, _owedAfterDefault(p, terms, day), total, budget);
        } else {
            _payRows(p, terms, rows, day, budget, total);
        }
        p.lastDay = day;
    }

    function _payRows(
        Position memory p,
        Terms memory terms,
        bytes32[] calldata rows,
        uint256 day,
        uint256 budget,
        Split memory total
    ) private pure {
        uint256 since = p.lastDay;
        uint256 balance = p.early == 0 ? 0 : Schedule.balanceBefore(rows, p.row);
        while (p.outstanding != 0 && p.row < rows.length) {
            bytes32 row = rows[p.row];
            uint256 dueDay = Schedule.dayOf(terms.valueDate, row.dueAt());
            if (day < dueDay) break;
            Split memory owed = _owedOnRow(p, row, balance);
            uint256 from = since > dueDay ? since : dueDay;
            p.numerator += (owed.interest + owed.principal) * (day - from);
            if (day - dueDay > terms.graceDays) owed.penalty = _penalty(p, terms, 0);
            bool complete;
            (budget, complete) = _take(p, owed, total, budget);
            if (!complete) break;
            // The next row counts from its own due day, whenever this one was reached.
            since = 0;
            if (p.early != 0) balance -= row.principal();
            ++p.row;
            p.rowPaid = 0;
            p.numerator = 0;
            p.settled = 0;
        }
    }

    /// @dev Fee, interest and principal left on a row; `balance` counts only after early repayment.
    function _owedOnRow(Position memory p, bytes32 row, uint256 balance)
        private
        pure
        returns (Split memory owed)
    {
        (uint256 fee, uint256 interest, uint256 principal) = effective(row, balance, p.early);
        uint256 paid = p.rowPaid;
        owed.fee = Math.saturatingSub(fee, paid);
        paid = Math.saturatingSub(paid, fee);
        owed.interest = Math.saturatingSub(interest, paid);
        owed.principal = principal - Math.saturatingSub(paid, interest);
    }

    /// @dev What is left of the accelerated claim on `day`; the penalty's base is interest and
    ///      principal, without grace.
    function _owedAfterDefault(Position memory p, Terms memory terms, uint256 day)
        private
        pure
        returns (Split memory owed)
    {
        uint256 paid = p.rowPaid;
        owed.fee = Math.saturatingSub(p.claim.fee, paid);
        owed.interest =
            Math.saturatingSub(p.claim.interest, Math.saturatingSub(paid, p.claim.fee));
        owed.principal = p.outstanding;
        p.numerator += (owed.interest + owed.principal) * (day - p.lastDay);
        owed.penalty = _penalty(p, terms, p.claim.penalty);
    }

    /// @dev Penalty carried into default and earned since, less what is settled.
    function _penalty(Position memory p, Terms memory terms, uint256 carried)
        private
        pure
        returns (uint256)
    {
        return carried + p.numerator * terms.penaltyRate / PENALTY_SCALE - p.settled;
    }

    /// @dev Split `budget` over what is owed, add it to `total` and to the position.
    function _take(Position memory p, Split memory owed, Split memory total, uint256 budget)
        private
        pure
        returns (uint256 left, bool complete)
    {
        uint256 fee = Math.min(budget, owed.fee);
        left = budget - fee;
        uint256 penalty = Math.min(left, owed.penalty);
        left -= penalty;
        uint256 interest = Math.min(left, owed.interest);
        left -= interest;
        uint256 principal = Math.min(left, owed.principal);
        left -= principal;
        p.settled += penalty;
        p.rowPaid += fee + interest + principal;
        p.outstanding -= principal;
        total.fee += fee;
        total.penalty += penalty;
        total.interest += interest;
        total.principal += principal;
        // Principal comes last: a positive rest means that everything before it is paid.
        complete = fee == owed.fee && penalty == owed.penalty && interest == owed.interest
            && principal == owed.principal;
    }

    /// @notice What a row owes once `early` principal came off the last rows.
    /// @param balance Scheduled balance before the row; read only when `early` is not zero.
    function effective(bytes32 row, uint256 balance, uint256 early)
        internal
        pure
        returns (uint256 fee, uint256 interest, uint256 principal)
    {
        if (early == 0) return (row.fee(), row.interest(), row.principal());
        uint256 remaining = Math.saturatingSub(balance, early);
        if (remaining == 0) return (0, 0, 0);
        fee = row.fee();
        interest = row.interest() * remaining / balance;
        principal = Math.min(row.principal(), remaining);
    }

    /// @notice Interest by days on `principal` within the period of row `index`, rounded up for
    ///         the holders.
    function accruedInterestUp(
        Terms memory terms,
        bytes32[] calldata rows,
        uint256 index,
        uint256 principal,
        uint256 day
    ) internal pure returns (uint256) {
        uint256 start =
            index == 0 ? 0 : Schedule.dayOf(terms.valueDate, rows[index - 1].dueAt());
        uint256 end = Schedule.dayOf(terms.valueDate, rows[index].dueAt());
        if (day <= start) return 0;
        uint256 scale = Schedule.balanceBefore(rows, index) * (end - start);
        return Math.ceilDiv(rows[index].interest() * principal * (day - start), scale);
    }

    /// @notice Repay `amount` of principal early, in place; all that is due must be paid first.
    function prepay(
        Position memory p,
        Terms memory terms,
        bytes32[] calldata rows,
        uint256 day,
        uint256 amount
    ) internal pure returns (uint256 fee, uint256 interest) {
        if (amount > p.outstanding) revert Errors.ExceedsOutstanding(p.outstanding, amount);
        interest = accruedInterestUp(terms, rows, p.row, amount, day);
        fee = amount * terms.prepaymentFeeBps / BPS;
        p.outstanding -= amount;
        p.early += amount;
    }

    /// @notice Index and due day of the oldest row on which something is owed on `day`.
    /// @return found False while nothing is overdue or due.
    function oldestUnpaid(
        Position memory p,
        Terms memory terms,
        bytes32[] calldata rows,
        uint256 day
    ) internal pure returns (bool found, uint256 index, uint256 dueDay) {
        uint256 balance = p.early == 0 ? 0 : Schedule.balanceBefore(rows, p.row);
        uint256 paid = p.rowPaid;
        for (index = p.row; index < rows.length && p.outstanding != 0; ++index) {
            dueDay = Schedule.dayOf(terms.valueDate, rows[index].dueAt());
            if (day < dueDay) break;
            (uint256 fee, uint256 interest, uint256 principal) =
                effective(rows[index], balance, p.early);
            if (fee + interest + principal > paid) return (true, index, dueDay);
            if (p.early != 0) balance -= rows[index].principal();
            paid = 0;
        }
    }

    /// @notice Make everything due at once on `day`, in place: the effect of default.
    /// @dev Default ends every grace: else declaring it would forgive what rows within grace have
    ///      accrued, and a borrower could declare it to pay less.
    /// @param terms Its `graceDays` is spent: set to 0.
    /// @param index The oldest unpaid row, from which days past due go on counting.
    function accelerate(
        Position memory p,
        Terms memory terms,
        bytes32[] calldata rows,
        uint256 index,
        uint256 day
    ) internal pure {
        uint256 outstanding = p.outstanding;
        terms.graceDays = 0;
        Split memory due = pay(p, terms, rows, day, type(uint256).max);
        uint256 accrued = p.outstanding == 0
            ? 0
            : accruedInterestUp(terms, rows, p.row, p.outstanding, day);
        p.claim = Acceleration(
            uint128(due.fee), uint128(due.interest + accrued), uint128(due.penalty)
        );
        p.accelerated = true;
        p.outstanding = outstanding;
        p.row = index;
        p.rowPaid = 0;
        p.numerator = 0;
        p.settled = 0;
    }
}
