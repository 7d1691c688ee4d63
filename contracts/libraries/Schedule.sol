// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Policy} from "../interfaces/ILoanBook.sol";
import {Errors} from "./Errors.sol";

/// @title Schedule
/// @notice Reads packed instalment rows and checks a signed schedule once, when a loan opens.
/// @dev A row is one word: dueAt 40 | principal 88 | interest 80 | fee 48 bits.
library Schedule {
    uint256 internal constant MAX_ROWS = 600;
    uint256 internal constant MAX_TERM_DAYS = 18_300; // 50 years
    uint256 internal constant MAX_DAY = type(uint16).max;
    uint256 private constant RATE_SCALE = 1e6;
    uint256 private constant YEAR_DAYS = 365;

    function dueAt(bytes32 row) internal pure returns (uint256) {
        return uint256(row) >> 216;
    }

    function principal(bytes32 row) internal pure returns (uint256) {
        return uint88(uint256(row) >> 128);
    }

    function interest(bytes32 row) internal pure returns (uint256) {
        return uint80(uint256(row) >> 48);
    }

    function fee(bytes32 row) internal pure returns (uint256) {
        return uint48(uint256(row));
    }

    /// @notice Day of the loan on which `at` falls; 24:00 belongs to the day that ends.
    /// @dev Capped at MAX_DAY (179 years), which bounds every product of days.
    function dayOf(uint256 valueDate, uint256 at) internal pure returns (uint256) {
        if (at <= valueDate) return 0;
        uint256 day = (at - 1 - valueDate) / 1 days;
        return day < MAX_DAY ? day : MAX_DAY;
    }

    /// @notice Revert unless `rows` are the words that were signed as `expected`.
    function requireHash(bytes32[] calldata rows, bytes32 expected) internal pure {
        bytes32 found = keccak256(abi.encodePacked(rows));
        if (found != expected) revert Errors.WrongScheduleHash(expected, found);
    }

    /// @notice Scheduled balance before row `index`: its principal and that of all later rows.
    function balanceBefore(bytes32[] calldata rows, uint256 index)
        internal
        pure
        returns (uint256 sum)
    {
        for (uint256 i = index; i < rows.length; ++i) {
            sum += principal(rows[i]);
        }
    }

    /// @notice Revert unless the rows are a schedule that the book's policy allows.
    /// @dev Dates rise by at least a day from the value date, principal sums to the loan's, the
    ///      last row repays principal, and interest and fees over the whole term cost no more
    ///      than the legal annual rate on the outstanding balance would.
    function check(
        bytes32[] calldata rows,
        uint256 loanPrincipal,
        uint256 valueDate,
        Policy memory policy
    ) internal pure {
        if (rows.length == 0 || rows.length > MAX_ROWS) {
            revert Errors.RowCount(rows.length, MAX_ROWS);
        }
        uint256 balance = loanPrincipal;
        uint256 lastDay;
        uint256 cost;
        uint256 balanceDays;
        for (uint256 i; i < rows.length; ++i) {
            bytes32 row = rows[i];
            uint256 day = dayOf(valueDate, dueAt(row));
            if (day <= lastDay) revert Errors.DatesMustRise(i, dueAt(row));
            if (principal(row) > balance) {
                revert Errors.PrincipalMismatch(loanPrincipal, balanceBefore(rows, 0));
            }
            cost += interest(row) + fee(row);
            balanceDays += balance * (day - lastDay);
            balance -= principal(row);
            lastDay = day;
        }
        if (balance != 0) {
            revert Errors.PrincipalMismatch(loanPrincipal, loanPrincipal - balance);
        }
        if (lastDay > MAX_TERM_DAYS) revert Errors.TermTooLong(lastDay, MAX_TERM_DAYS);
        if (principal(rows[rows.length - 1]) == 0) revert Errors.LastRowWithoutPrincipal();
        uint256 most = policy.legalAnnualRate * balanceDays / (YEAR_DAYS * RATE_SCALE);
        if (cost > most) revert Errors.CostOverLegalCap(cost, most);
    }
}
