// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {RecordedRoles} from "./RecordedRoles.sol";
import {ILoanBook, Policy, Settlement} from "./interfaces/ILoanBook.sol";
import {IPartyRegistry, Kind, Party} from "./interfaces/IPartyRegistry.sol";
import {Errors} from "./libraries/Errors.sol";
import {HeadChain} from "./libraries/HeadChain.sol";

/// @title BookRules
/// @notice The rules under which a book runs: roles, pause, policy, settlements. Each change of
///         a rule is an event chained into the book head.
abstract contract BookRules is ILoanBook, RecordedRoles {
    bytes32 public constant ORIGINATOR_ROLE = keccak256("ORIGINATOR");
    bytes32 public constant CUSTODIAN_ROLE = keccak256("CUSTODIAN");
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN");

    uint256 internal constant MAX_LEGAL_ANNUAL_RATE = 1e6; // 100% a year
    uint256 internal constant MAX_PENALTY_RATE = 10_000; // 1% a day
    uint256 internal constant MAX_PREPAYMENT_FEE_BPS = 1_000; // 10%
    uint256 internal constant MAX_ATTESTATION_LAG = 90; // days
    uint256 internal constant MAX_DECIMALS = 6;

    IPartyRegistry public immutable registry;

    /// @inheritdoc ILoanBook
    bytes32 public bookHead;
    /// @inheritdoc ILoanBook
    uint32 public bookSeq;
    /// @inheritdoc ILoanBook
    bool public paused;
    Policy internal _policy;
    /// @inheritdoc ILoanBook
    uint16 public settlementCount;
    mapping(uint16 index => Settlement) internal _settlements;
    /// @dev 1 + index into _settlements, 0 for unknown.
    mapping(address token => mapping(bytes3 currency => uint256)) private _settlementOf;

    constructor(IPartyRegistry registry_, Policy memory policy_, address admin) {
        if (address(registry_) == address(0) || admin == address(0)) revert Errors.ZeroAddress();
        registry = registry_;
        _recordBook(
            BookCreated.selector,
            abi.encode(++bookSeq, uint40(block.timestamp), registry_, admin)
        );
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _setPolicy(policy_);
    }

    modifier whenNotPaused() {
        if (paused) revert Errors.IsPaused();
        _;
    }

    /// @notice Stop or resume open, commit and disburse; nothing else is ever stopped. Guardian.
    function setPaused(bool paused_) external onlyRole(GUARDIAN_ROLE) {
        paused = paused_;
        _recordBook(
            PauseChanged.selector, abi.encode(++bookSeq, uint40(block.timestamp), paused_)
        );
    }

    /// @notice Change the limits for agreements opened from now on. Admin.
    function setPolicy(Policy calldata policy_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setPolicy(policy_);
    }

    /// @notice Allow (or close to new loans) an asset and currency; token 0 is the bank. Admin.
    function setSettlement(address token, bytes3 currency, bool open_)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        uint256 known = _settlementOf[token][currency];
        if (known == 0) {
            if (token != address(0)) {
                uint256 decimals = IERC20Metadata(token).decimals();
                if (decimals > MAX_DECIMALS) {
                    revert Errors.DecimalsTooMany(token, decimals, MAX_DECIMALS);
                }
            }
            _settlements[settlementCount] = Settlement(token, currency, open_);
            known = ++settlementCount;
            _settlementOf[token][currency] = known;
        } else {
            _settlements[uint16(known - 1)].open = open_;
        }
        _recordBook(
            SettlementChanged.selector,
            abi.encode(
                ++bookSeq, uint40(block.timestamp), uint16(known - 1), token, currency, open_
            )
        );
    }

    /// @inheritdoc ILoanBook
    function policy() external view returns (Policy memory) {
        return _policy;
    }

    /// @inheritdoc ILoanBook
    function settlementAt(uint16 settlement) public view returns (Settlement memory) {
        if (settlement >= settlementCount) {
            revert Errors.SettlementOutOfRange(settlement, settlementCount);
        }
        return _settlements[settlement];
    }

    /// @dev Index of an allowed asset and currency.
    function _openSettlement(address token, bytes3 currency) internal view returns (uint16) {
        uint256 known = _settlementOf[token][currency];
        if (known == 0) revert Errors.UnknownSettlement(token, currency);
        uint16 index = uint16(known - 1);
        if (!_settlements[index].open) revert Errors.SettlementClosed(index);
        return index;
    }

    /// @dev The entry of a wallet that takes part in loans: registered and not the platform.
    function _participant(address wallet) internal view returns (Party memory party) {
        party = registry.partyOf(wallet);
        if (party.kind == Kind.Platform) revert Errors.PlatformParty(wallet);
    }

    function _recordBook(bytes32 topic, bytes memory data) internal {
        _chainToBook(HeadChain.emitEntry(topic, data));
    }

    function _chainToBook(bytes32 entry) internal {
        bookHead = HeadChain.next(bookHead, entry);
    }

    function _setPolicy(Policy memory policy_) private {
        _bound("legalAnnualRate", policy_.legalAnnualRate, MAX_LEGAL_ANNUAL_RATE);
        _bound("maxPenaltyRate", policy_.maxPenaltyRate, MAX_PENALTY_RATE);
        _bound("maxPrepaymentFeeBps", policy_.maxPrepaymentFeeBps, MAX_PREPAYMENT_FEE_BPS);
        _bound("maxAttestationLag", policy_.maxAttestationLag, MAX_ATTESTATION_LAG);
        _policy = policy_;
        _recordBook(
            PolicyChanged.selector, abi.encode(++bookSeq, uint40(block.timestamp), policy_)
        );
    }

    function _bound(bytes32 name, uint256 value, uint256 most) private pure {
        if (value > most) revert Errors.PolicyOutOfRange(name, value, most);
    }

    function _recordRole(bytes32 role, address account, bool granted) internal override {
        _recordBook(
            RoleChanged.selector,
            abi.encode(++bookSeq, uint40(block.timestamp), role, account, granted)
        );
    }
}
