// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title HeadChain
/// @notice Emits an event and returns the hash of the raw log, so that what is chained into a head
///         is exactly what the log shows.
/// @dev entryHash = keccak256(topics ‖ keccak256(data)): topics can be shown and data withheld.
library HeadChain {
    /// @notice Emit an event of the book or the registry: one topic, the selector.
    function emitEntry(bytes32 topic, bytes memory data) internal returns (bytes32) {
        assembly ("memory-safe") {
            log1(add(data, 0x20), mload(data), topic)
        }
        return keccak256(abi.encode(topic, keccak256(data)));
    }

    /// @notice Emit an event of a loan: two topics, the selector and the loan.
    function emitEntry(bytes32 topic, bytes32 loanId, bytes memory data)
        internal
        returns (bytes32)
    {
        assembly ("memory-safe") {
            log2(add(data, 0x20), mload(data), topic, loanId)
        }
        return keccak256(abi.encode(topic, loanId, keccak256(data)));
    }

    function next(bytes32 head, bytes32 entry) internal pure returns (bytes32) {
        return keccak256(abi.encode(head, entry));
    }
}
