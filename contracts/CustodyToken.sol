// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title CustodyToken
/// @notice A custodian bank's deposit token (存管凭证): each unit is one minor unit of money that
///         the bank holds. The bank alone mints it against deposits and burns it on withdrawal.
contract CustodyToken is ERC20, ERC20Permit, AccessControl {
    bytes32 public constant CUSTODIAN_ROLE = keccak256("CUSTODIAN");

    bytes3 public immutable currency;
    uint8 private immutable _decimals;

    constructor(
        string memory name,
        string memory symbol,
        bytes3 currency_,
        uint8 decimals_,
        address admin
    ) ERC20(name, symbol) ERC20Permit(name) {
        currency = currency_;
        _decimals = decimals_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// @notice Money came in at the bank. Custodian only.
    function mint(address to, uint256 amount) external onlyRole(CUSTODIAN_ROLE) {
        _mint(to, amount);
    }

    /// @notice Money goes out at the bank, of the caller's own balance.
    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }
}
