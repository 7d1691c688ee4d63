// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// @title RecordedRoles
/// @notice Roles whose every grant and revocation is chained into the contract's head: the standard
///         events of AccessControl stand outside.
abstract contract RecordedRoles is AccessControl {
    function _recordRole(bytes32 role, address account, bool granted) internal virtual;

    function _grantRole(bytes32 role, address account) internal override returns (bool granted) {
        granted = super._grantRole(role, account);
        if (granted) _recordRole(role, account, true);
    }

    function _revokeRole(bytes32 role, address account) internal override returns (bool revoked) {
        revoked = super._revokeRole(role, account);
        if (revoked) _recordRole(role, account, false);
    }
}
