// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Errors} from "./Errors.sol";

/// @title Money
/// @notice Exact transfers: a token that takes a fee or moves another amount is refused.
library Money {
    using SafeERC20 for IERC20;

    function pull(address token, address from, uint256 amount) internal {
        move(token, from, address(this), amount);
    }

    function push(address token, address to, uint256 amount) internal {
        uint256 before = IERC20(token).balanceOf(to);
        IERC20(token).safeTransfer(to, amount);
        _requireExact(token, to, before, amount);
    }

    function move(address token, address from, address to, uint256 amount) internal {
        uint256 before = IERC20(token).balanceOf(to);
        IERC20(token).safeTransferFrom(from, to, amount);
        _requireExact(token, to, before, amount);
    }

    function _requireExact(address token, address to, uint256 before, uint256 amount)
        private
        view
    {
        uint256 received = IERC20(token).balanceOf(to) - before;
        if (received != amount) revert Errors.InexactTransfer(token, amount, received);
    }
}
