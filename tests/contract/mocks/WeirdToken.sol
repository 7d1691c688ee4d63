// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice An ERC-20 whose bad habits can be switched on one by one.
contract WeirdToken {
    uint8 public immutable decimals;
    mapping(address owner => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /// @notice Taken from what the receiver gets, basis points.
    uint256 public fee;
    bool public returnsFalse;
    bool public returnsNothing;
    bool public refusesZero;
    mapping(address account => bool) public blocked;
    /// @notice Called during each transfer, when set.
    address public target;
    bytes public message;
    bool public calledBack;
    bytes public answer;

    error Blocked(address account);
    error ZeroRefused();

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function setReturnsFalse(bool on) external {
        returnsFalse = on;
    }

    function setReturnsNothing(bool on) external {
        returnsNothing = on;
    }

    function setRefusesZero(bool on) external {
        refusesZero = on;
    }

    function setBlocked(address account, bool on) external {
        blocked[account] = on;
    }

    function setCallback(address target_, bytes calldata message_) external {
        target = target_;
        message = message_;
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (returnsFalse) return false;
        if (blocked[from]) revert Blocked(from);
        if (blocked[to]) revert Blocked(to);
        if (refusesZero && amount == 0) revert ZeroRefused();
        balanceOf[from] -= amount;
        balanceOf[to] += amount - amount * fee / 10_000;
        if (target != address(0)) (calledBack, answer) = target.call(message);
        if (returnsNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}
