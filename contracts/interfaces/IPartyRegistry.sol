// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a subject (主体) is. The platform itself may neither borrow, lend nor guarantee.
enum Kind {
    None,
    Person,
    Company,
    Bank,
    Guarantor,
    Platform
}

/// @notice One wallet's entry.
/// @param subject Random 128-bit id of the person or company behind the wallet; never derived
///        from personal data. Several wallets may share one subject.
/// @param kind What the subject is.
/// @param related True for parties related to the platform (关联方): allowed, flagged, published.
struct Party {
    bytes16 subject;
    Kind kind;
    bool related;
}

/// @title IPartyRegistry
/// @notice Which wallets belong to registered parties. Holds no personal data.
interface IPartyRegistry {
    /// @notice A wallet was bound to a subject.
    event PartyRegistered(
        uint32 seq, uint40 at, address wallet, bytes16 subject, Kind kind, bool related
    );

    /// @notice A wallet's kind or related flag changed; its subject never does.
    event PartyUpdated(uint32 seq, uint40 at, address wallet, Kind kind, bool related);

    /// @notice A role of the registry was granted or revoked.
    event RegistryRoleChanged(uint32 seq, uint40 at, bytes32 role, address account, bool granted);

    /// @notice Bind `wallet` to `party.subject`. Registrar only; a bound wallet reverts.
    function register(address wallet, Party calldata party) external;

    /// @notice Change kind and related flag of a bound wallet. Registrar only.
    function update(address wallet, Kind kind, bool related) external;

    /// @notice The entry of `wallet`; reverts with UnregisteredParty if there is none.
    function partyOf(address wallet) external view returns (Party memory);

    /// @notice Hash chain over every event of the registry: keccak256(head ‖ entryHash).
    function head() external view returns (bytes32);

    /// @notice How many events the registry has written.
    function seq() external view returns (uint32);
}
