// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Errors
/// @notice Every reason for which the book or the registry refuses a call, with the values.
library Errors {
    // Agreement and schedule
    error AlreadyOpened(bytes32 loanId);
    error WrongScheduleHash(bytes32 expected, bytes32 found);
    error RowCount(uint256 found, uint256 most);
    error DatesMustRise(uint256 row, uint256 dueAt);
    error TermTooLong(uint256 termDays, uint256 most);
    error PrincipalMismatch(uint256 expected, uint256 found);
    error PrincipalTooWide(uint256 principal, uint256 most);
    error LastRowWithoutPrincipal();
    error CostOverLegalCap(uint256 cost, uint256 most);
    error PenaltyRateTooHigh(uint256 rate, uint256 most);
    error PrepaymentFeeTooHigh(uint256 bps, uint256 most);
    error FundingDeadlineTooLate(uint256 deadline, uint256 latest);
    error UnsupportedTerm(bytes32 name);
    error ZeroAddress();
    error BadFeeReceiver(address receiver);
    error DefaultWithinGrace(uint256 defaultAfterDays, uint256 graceDays);

    // Parties and settlement
    error UnregisteredParty(address wallet);
    error PlatformParty(address wallet);
    error WalletTaken(address wallet);
    error KindMissing(address wallet);
    error ZeroSubject();
    error UnknownSettlement(address token, bytes3 currency);
    error SettlementOutOfRange(uint16 settlement, uint16 count);
    error SettlementClosed(uint16 settlement);
    error DecimalsTooMany(address token, uint256 decimals, uint256 most);
    error InexactTransfer(address token, uint256 expected, uint256 received);

    // Consent
    error BadSignature(address signer, bytes32 digest);
    error Expired(uint256 deadline, uint256 now_);
    error DigestUsed(bytes32 digest);

    // Life of a loan
    error WrongStatus(bytes32 loanId, uint8 status);
    error FundingClosed(uint256 deadline, uint256 now_);
    error FundingStillOpen(uint256 deadline, uint256 now_);
    error AlreadyCommitted(bytes32 loanId, address lender);
    error OverFunded(uint256 missing, uint256 amount);
    error NotFullyFunded(uint256 missing);
    error NothingEscrowed(bytes32 loanId, address lender);
    error NotYetInDefault(uint256 daysLate, uint256 required);
    error NotTransferable(bytes32 loanId, uint8 status);

    // Payments and attestations
    error ZeroAmount();
    error NothingDue(bytes32 loanId);
    error ExceedsDue(uint256 due, uint256 amount);
    error ExceedsOutstanding(uint256 outstanding, uint256 amount);
    error NothingClaimable(bytes32 loanId, address holder);
    error ExceedsEntitlement(uint256 claimable, uint256 amount);
    error ExceedsFees(uint256 credited, uint256 amount);
    error NotReceiver(address caller, address receiver);
    error ValueDateInTokenMode(uint256 paidAt);
    error ValueDateBeforeLast(uint256 day, uint256 lastDay);
    /// @dev In this and the next error days are counted from 1970 in the loan's own zone.
    error ValueDateInFuture(uint256 day, uint256 today);
    error ValueDateTooOld(uint256 day, uint256 oldest);
    error StaleAttestation(uint256 expected, uint256 found);
    error PayoutIsAll(uint256 amount);

    // Rules of the book
    error IsPaused();
    error PolicyOutOfRange(bytes32 name, uint256 value, uint256 most);
}
