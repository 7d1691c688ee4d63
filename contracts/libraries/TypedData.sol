// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Agreement,
    Assignment,
    Cancellation,
    Commitment,
    Prepayment
} from "../interfaces/ILoanBook.sol";

/// @title TypedData
/// @notice EIP-712 struct hashes of everything that parties sign.
/// @dev Every member is static, so `abi.encode` of a struct is its EIP-712 encoding.
library TypedData {
    bytes32 internal constant AGREEMENT_TYPEHASH = keccak256(
        "Agreement(address borrower,address payee,address guarantor,address feeReceiver,"
        "address asset,bytes3 currency,uint128 principal,bytes32 scheduleHash,uint64 dailyRate,"
        "uint32 penaltyRate,uint16 graceDays,uint16 prepaymentFeeBps,uint16 defaultAfterDays,"
        "uint16 writeOffAfterDays,uint40 valueDate,uint40 fundingDeadline,bytes32 line,"
        "bytes32 product,bytes32 purpose,bytes32 documents,uint256 salt)"
    );
    bytes32 internal constant COMMITMENT_TYPEHASH = keccak256(
        "Commitment(bytes32 loanId,address lender,uint128 amount,uint40 deadline,uint256 salt)"
    );
    bytes32 internal constant PREPAYMENT_TYPEHASH =
        keccak256("Prepayment(bytes32 loanId,uint128 amount,uint40 deadline,uint256 salt)");
    bytes32 internal constant ASSIGNMENT_TYPEHASH = keccak256(
        "Assignment(bytes32 loanId,address seller,address buyer,uint128 units,uint128 price,"
        "uint40 deadline,uint256 salt)"
    );
    bytes32 internal constant CANCELLATION_TYPEHASH =
        keccak256("Cancellation(bytes32 loanId,uint40 deadline)");

    function hash(Agreement calldata a) internal pure returns (bytes32) {
        return keccak256(abi.encode(AGREEMENT_TYPEHASH, a));
    }

    function hash(Commitment calldata c) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMMITMENT_TYPEHASH, c));
    }

    function hash(Prepayment calldata p) internal pure returns (bytes32) {
        return keccak256(abi.encode(PREPAYMENT_TYPEHASH, p));
    }

    function hash(Assignment calldata a) internal pure returns (bytes32) {
        return keccak256(abi.encode(ASSIGNMENT_TYPEHASH, a));
    }

    function hash(Cancellation calldata c) internal pure returns (bytes32) {
        return keccak256(abi.encode(CANCELLATION_TYPEHASH, c));
    }
}
