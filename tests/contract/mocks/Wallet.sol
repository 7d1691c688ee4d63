// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A contract wallet (ERC-1271): valid is what its owner's key signed; it can call.
contract Wallet is IERC1271 {
    address public immutable owner;
    bool public closed;

    error CallFailed(bytes reason);

    constructor(address owner_) {
        owner = owner_;
    }

    function close() external {
        closed = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature)
        external
        view
        returns (bytes4)
    {
        (address signer, ECDSA.RecoverError error,) = ECDSA.tryRecover(digest, signature);
        bool valid = !closed && error == ECDSA.RecoverError.NoError && signer == owner;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function execute(address to, bytes calldata message) external {
        (bool done, bytes memory reason) = to.call(message);
        if (!done) revert CallFailed(reason);
    }
}
