// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../interfaces/ILoanBook.sol";
import {Errors} from "./Errors.sol";
import {Loan, Loans} from "./Loans.sol";
import {Schedule} from "./Schedule.sol";

/// @title Origination
/// @notice From a signed agreement to the disbursed loan, or back to the lenders.
/// @dev External: LoanBook calls it by delegatecall, after it checked who calls.
library Origination {
    using Loans for Loan;
    using Loans for State;

    /// @notice Check a signed agreement and store what servicing needs of it.
    /// @return entry Hash of the Opened event, which also enters the book head.
    function open(
        Loan storage loan,
        bytes32 loanId,
        Agreement calldata a,
        bytes32[] calldata rows,
        bytes calldata borrowerSignature,
        bytes calldata guarantorSignature,
        Policy memory limits,
        uint16 settlement
    ) external returns (bytes32 entry) {
        if (loan.state.status != Status.None) revert Errors.AlreadyOpened(loanId);
        _checkTerms(a, limits);
        Schedule.requireHash(rows, a.scheduleHash);
        Schedule.check(rows, a.principal, a.valueDate, limits);
        Loans.requireConsent(a.borrower, loanId, borrowerSignature);
        if (a.guarantor != address(0)) {
            Loans.requireConsent(a.guarantor, loanId, guarantorSignature);
        }
        _store(loan, a, limits.maxAttestationLag);
        State memory s;
        s.status = Status.Funding;
        s.bank = a.asset == address(0);
        s.settlement = settlement;
        entry = loan.record(
            s,
            loanId,
            ILoanBook.Opened.selector,
            abi.encode(
                s.seq + 1,
                uint40(block.timestamp),
                a,
                rows,
                borrowerSignature,
                guarantorSignature
            )
        );
    }

    /// @notice Count one lender's money in. The caller mints the notes and pulls the money.
    function commit(
        Loan storage loan,
        Commitment calldata c,
        bytes32 digest,
        bytes calldata signature,
        uint32 expected,
        bytes32 ref
    ) external {
        State memory s = loan.load(c.loanId, Status.Funding);
        s.attest(expected, s.bank);
        _requireFundingOpen(loan);
        Loans.requireInTime(c.deadline);
        Loans.requireConsent(c.lender, digest, signature);
        if (c.amount == 0) revert Errors.ZeroAmount();
        uint256 missing = loan.terms.principal - s.outstanding;
        if (c.amount > missing) revert Errors.OverFunded(missing, c.amount);
        s.outstanding += uint88(c.amount);
        loan.record(
            s,
            c.loanId,
            ILoanBook.Committed.selector,
            abi.encode(
                s.seq + 1,
                uint40(block.timestamp),
                c.lender,
                c.amount,
                c.deadline,
                c.salt,
                signature,
                ref
            )
        );
    }

    /// @notice Activate a fully funded loan. The caller pays `principal` to `payee`.
    function disburse(Loan storage loan, bytes32 loanId, uint32 expected, bytes32 ref)
        external
        returns (address payee, uint256 principal)
    {
        State memory s = loan.load(loanId, Status.Funding);
        s.attest(expected, s.bank);
        _requireFundingOpen(loan);
        principal = loan.terms.principal;
        if (s.outstanding != principal) {
            revert Errors.NotFullyFunded(principal - s.outstanding);
        }
        s.status = Status.Active;
        payee = loan.wallets.payee;
        if (payee == address(0)) payee = loan.wallets.borrower;
        loan.record(
            s,
            loanId,
            ILoanBook.Disbursed.selector,
            abi.encode(s.seq + 1, uint40(block.timestamp), payee, principal, ref)
        );
    }

    /// @notice Cancel with the borrower's consent.
    function cancel(
        Loan storage loan,
        Cancellation calldata c,
        bytes32 digest,
        bytes calldata signature
    ) external {
        State memory s = loan.load(c.loanId, Status.Funding);
        Loans.requireInTime(c.deadline);
        Loans.requireConsent(loan.wallets.borrower, digest, signature);
        s.status = Status.Cancelled;
        loan.record(
            s,
            c.loanId,
            ILoanBook.Cancelled.selector,
            abi.encode(s.seq + 1, uint40(block.timestamp), c.deadline, signature)
        );
    }

    /// @notice Cancel after the funding deadline.
    function expire(Loan storage loan, bytes32 loanId) external {
        State memory s = loan.load(loanId, Status.Funding);
        uint256 deadline = loan.wallets.fundingDeadline;
        if (block.timestamp <= deadline) {
            revert Errors.FundingStillOpen(deadline, block.timestamp);
        }
        s.status = Status.Cancelled;
        loan.record(
            s,
            loanId,
            ILoanBook.FundingExpired.selector,
            abi.encode(s.seq + 1, uint40(block.timestamp))
        );
    }

    /// @notice Count `units` of a cancelled loan back out. The caller burns and pays them.
    function refund(
        Loan storage loan,
        bytes32 loanId,
        address lender,
        uint256 units,
        uint32 expected,
        bytes32 ref
    ) external {
        State memory s = loan.load(loanId, Status.Cancelled);
        s.attest(expected, s.bank);
        if (units == 0) revert Errors.NothingEscrowed(loanId, lender);
        s.outstanding -= uint88(units);
        loan.record(
            s,
            loanId,
            ILoanBook.Refunded.selector,
            abi.encode(s.seq + 1, uint40(block.timestamp), lender, units, ref)
        );
    }

    function _checkTerms(Agreement calldata a, Policy memory limits) private view {
        // The book could never withdraw a fee that is credited to itself.
        if (a.feeReceiver == address(0) || a.feeReceiver == address(this)) {
            revert Errors.BadFeeReceiver(a.feeReceiver);
        }
        if (a.defaultAfterDays < a.graceDays) {
            revert Errors.DefaultWithinGrace(a.defaultAfterDays, a.graceDays);
        }
        if (a.dailyRate != 0) revert Errors.UnsupportedTerm("dailyRate");
        if (a.line != 0) revert Errors.UnsupportedTerm("line");
        if (a.penaltyRate > limits.maxPenaltyRate) {
            revert Errors.PenaltyRateTooHigh(a.penaltyRate, limits.maxPenaltyRate);
        }
        if (a.prepaymentFeeBps > limits.maxPrepaymentFeeBps) {
            revert Errors.PrepaymentFeeTooHigh(a.prepaymentFeeBps, limits.maxPrepaymentFeeBps);
        }
        if (a.principal > type(uint88).max) {
            revert Errors.PrincipalTooWide(a.principal, type(uint88).max);
        }
        uint256 latest = uint256(a.valueDate) + 1 days;
        if (a.fundingDeadline > latest) {
            revert Errors.FundingDeadlineTooLate(a.fundingDeadline, latest);
        }
        if (block.timestamp > a.fundingDeadline) {
            revert Errors.FundingClosed(a.fundingDeadline, block.timestamp);
        }
    }

    /// @dev A zero payee means the borrower: most loans then need one slot less.
    function _store(Loan storage loan, Agreement calldata a, uint16 attestationLag) private {
        loan.terms = Terms(
            uint88(a.principal),
            a.valueDate,
            uint32(a.dailyRate),
            uint16(a.penaltyRate),
            a.graceDays,
            a.prepaymentFeeBps,
            a.defaultAfterDays,
            a.writeOffAfterDays,
            attestationLag
        );
        loan.scheduleHash = a.scheduleHash;
        loan.wallets.borrower = a.borrower;
        loan.wallets.fundingDeadline = a.fundingDeadline;
        if (a.payee != a.borrower) loan.wallets.payee = a.payee;
        loan.wallets.feeReceiver = a.feeReceiver;
        if (a.guarantor != address(0)) loan.wallets.guarantor = a.guarantor;
    }

    function _requireFundingOpen(Loan storage loan) private view {
        uint256 deadline = loan.wallets.fundingDeadline;
        if (block.timestamp > deadline) revert Errors.FundingClosed(deadline, block.timestamp);
    }
}
