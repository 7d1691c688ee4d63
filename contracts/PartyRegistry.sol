// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordedRoles} from "./RecordedRoles.sol";
import {IPartyRegistry, Kind, Party} from "./interfaces/IPartyRegistry.sol";
import {Errors} from "./libraries/Errors.sol";
import {HeadChain} from "./libraries/HeadChain.sol";

/// @title PartyRegistry
/// @notice Which wallets belong to registered parties (登记簿). Holds no personal data.
contract PartyRegistry is IPartyRegistry, RecordedRoles {
    bytes32 public constant REGISTRAR_ROLE = keccak256("REGISTRAR");

    /// @inheritdoc IPartyRegistry
    bytes32 public head;
    /// @inheritdoc IPartyRegistry
    uint32 public seq;
    mapping(address wallet => Party) private _parties;

    constructor(address admin) {
        if (admin == address(0)) revert Errors.ZeroAddress();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// @inheritdoc IPartyRegistry
    function register(address wallet, Party calldata party) external onlyRole(REGISTRAR_ROLE) {
        if (wallet == address(0)) revert Errors.ZeroAddress();
        if (party.subject == 0) revert Errors.ZeroSubject();
        if (party.kind == Kind.None) revert Errors.KindMissing(wallet);
        if (_parties[wallet].kind != Kind.None) revert Errors.WalletTaken(wallet);
        _parties[wallet] = party;
        _record(
            PartyRegistered.selector,
            abi.encode(
                ++seq, uint40(block.timestamp), wallet, party.subject, party.kind, party.related
            )
        );
    }

    /// @inheritdoc IPartyRegistry
    function update(address wallet, Kind kind, bool related) external onlyRole(REGISTRAR_ROLE) {
        if (kind == Kind.None) revert Errors.KindMissing(wallet);
        Party storage party = _parties[wallet];
        if (party.kind == Kind.None) revert Errors.UnregisteredParty(wallet);
        party.kind = kind;
        party.related = related;
        _record(
            PartyUpdated.selector,
            abi.encode(++seq, uint40(block.timestamp), wallet, kind, related)
        );
    }

    /// @inheritdoc IPartyRegistry
    function partyOf(address wallet) external view returns (Party memory party) {
        party = _parties[wallet];
        if (party.kind == Kind.None) revert Errors.UnregisteredParty(wallet);
    }

    function _recordRole(bytes32 role, address account, bool granted) internal override {
        _record(
            RegistryRoleChanged.selector,
            abi.encode(++seq, uint40(block.timestamp), role, account, granted)
        );
    }

    function _record(bytes32 topic, bytes memory data) private {
        head = HeadChain.next(head, HeadChain.emitEntry(topic, data));
    }
}
