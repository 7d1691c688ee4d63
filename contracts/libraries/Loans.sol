// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    SignatureChecker
} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import "../interfaces/ILoanBook.sol";
import {Errors} from "./Errors.sol";
import {HeadChain} from "./HeadChain.sol";

/// @notice One loan as stored. `head` first: its slot is the loan's base slot, which proofs rely on.
struct Loan {
    bytes32 head;
    State state;
    Paid paid;
    Terms terms;
    bytes32 scheduleHash;
    Penalty penalty;
    Wallets wallets;
    Acceleration acceleration;
    uint256 earlyPrincipal;
    mapping(address holder => Holding) holdings;
}

/// @title Loans
/// @notice What every entry point does with a loan: load it in the right status, compare the
///         attestation count, check consent, record an event.
library Loans {
    uint32 private constant ANY = type(uint32).max;

    /// @notice The state in memory; reverts unless the loan has the required status.
    function load(Loan storage loan, bytes32 loanId, Status required)
        internal
        view
        returns (State memory s)
    {
        s = loan.state;
        if (s.status != required) revert Errors.WrongStatus(loanId, uint8(s.status));
    }

    /// @notice The state in memory; reverts unless the borrower owes.
    function loadOwing(Loan storage loan, bytes32 loanId)
        internal
        view
        returns (State memory s)
    {
        s = loan.state;
        if (s.status != Status.Active && s.status != Status.Defaulted) {
            revert Errors.WrongStatus(loanId, uint8(s.status));
        }
    }

    /// @notice Compare the count that the caller acted on; count this movement if `counted`.
    /// @dev One movement is one event, so that the count follows from the events alone; payments
    ///      count where they are recorded, since one call may record two.
    function attest(State memory s, uint32 expected, bool counted) internal pure {
        if (expected != s.attestations && (s.bank || expected != ANY)) {
            revert Errors.StaleAttestation(expected, s.attestations);
        }
        if (counted) ++s.attestations;
    }

    function requireConsent(address signer, bytes32 digest, bytes calldata signature)
        internal
        view
    {
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) {
            revert Errors.BadSignature(signer, digest);
        }
    }

    function requireInTime(uint256 deadline) internal view {
        if (block.timestamp > deadline) revert Errors.Expired(deadline, block.timestamp);
    }

    /// @notice Emit an event whose data begins with `s.seq + 1`, chain it, write the state back.
    /// @return entry The entry's hash.
    function record(
        Loan storage loan,
        State memory s,
        bytes32 loanId,
        bytes32 topic,
        bytes memory data
    ) internal returns (bytes32 entry) {
        ++s.seq;
        loan.state = s;
        entry = HeadChain.emitEntry(topic, loanId, data);
        loan.head = HeadChain.next(loan.head, entry);
    }
}
