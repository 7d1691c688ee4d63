// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {
    ReentrancyGuardTransient
} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BookRules} from "./BookRules.sol";
import "./interfaces/ILoanBook.sol";
import {IPartyRegistry} from "./interfaces/IPartyRegistry.sol";
import {Errors} from "./libraries/Errors.sol";
import {HeadChain} from "./libraries/HeadChain.sol";
import {Loan} from "./libraries/Loans.sol";
import {Money} from "./libraries/Money.sol";
import {Notes} from "./libraries/Notes.sol";
import {Origination} from "./libraries/Origination.sol";
import {Servicing} from "./libraries/Servicing.sol";
import {TypedData} from "./libraries/TypedData.sol";

/// @title LoanBook
/// @notice See ILoanBook for what every entry point does.
/// @dev Here: who may call, which notes and which money move. The external libraries hold the
///      rules: Origination until disbursement, Servicing for payments and default, Notes for
///      holders. Order inside an entry point: who, checks, effects, event, transfer.
contract LoanBook is BookRules, ERC6909, EIP712, Multicall, ReentrancyGuardTransient {
    using TypedData for *;

    uint256 private constant ALL = type(uint256).max;

    mapping(bytes32 loanId => Loan) private _loans;
    /// @inheritdoc ILoanBook
    mapping(bytes16 subject => bytes32) public loansHead;
    /// @inheritdoc ILoanBook
    mapping(bytes32 digest => bool) public digestUsed;
    mapping(uint16 settlement => mapping(address receiver => Fees)) private _fees;

    constructor(IPartyRegistry registry_, Policy memory policy_, address admin)
        BookRules(registry_, policy_, admin)
        EIP712("Loanbook", "1")
    {}

    // ------------------------------------------------------------------ opening and funding

    /// @inheritdoc ILoanBook
    function open(
        Agreement calldata a,
        bytes32[] calldata rows,
        bytes calldata borrowerSignature,
        bytes calldata guarantorSignature
    ) external onlyRole(ORIGINATOR_ROLE) whenNotPaused returns (bytes32 loanId) {
        loanId = _hashTypedDataV4(a.hash());
        bytes16 subject = _participant(a.borrower).subject;
        if (a.payee != a.borrower) _participant(a.payee);
        if (a.guarantor != address(0)) _participant(a.guarantor);
        bytes32 entry = Origination.open(
            _loans[loanId],
            loanId,
            a,
            rows,
            borrowerSignature,
            guarantorSignature,
            _policy,
            _openSettlement(a.asset, a.currency)
        );
        loansHead[subject] = HeadChain.next(loansHead[subject], loanId);
        _chainToBook(entry);
    }

    /// @inheritdoc ILoanBook
    function commit(
        Commitment calldata c,
        bytes calldata signature,
        uint32 expected,
        bytes32 ref
    ) external nonReentrant whenNotPaused {
        Loan storage loan = _loans[c.loanId];
        _checkOperator(loan);
        _participant(c.lender);
        if (balanceOf(c.lender, uint256(c.loanId)) != 0) {
            revert Errors.AlreadyCommitted(c.loanId, c.lender);
        }
        bytes32 digest = _hashTypedDataV4(c.hash());
        Origination.commit(loan, c, digest, signature, expected, ref);
        _mint(c.lender, uint256(c.loanId), c.amount);
        address token = _token(loan);
        if (token != address(0)) Money.pull(token, c.lender, c.amount);
    }

    /// @inheritdoc ILoanBook
    function disburse(bytes32 loanId, uint32 expected, bytes32 ref)
        external
        nonReentrant
        whenNotPaused
    {
        Loan storage loan = _loans[loanId];
        _checkOperator(loan);
        (address payee, uint256 principal) = Origination.disburse(loan, loanId, expected, ref);
        _participant(payee);
        address token = _token(loan);
        if (token != address(0)) Money.push(token, payee, principal);
    }

    /// @inheritdoc ILoanBook
    function cancel(Cancellation calldata c, bytes calldata signature)
        external
        onlyRole(ORIGINATOR_ROLE)
    {
        Origination.cancel(_loans[c.loanId], c, _hashTypedDataV4(c.hash()), signature);
    }

    /// @inheritdoc ILoanBook
    function expire(bytes32 loanId) external {
        Origination.expire(_loans[loanId], loanId);
    }

    /// @inheritdoc ILoanBook
    function refund(bytes32 loanId, address lender, uint32 expected, bytes32 ref)
        external
        nonReentrant
    {
        Loan storage loan = _loans[loanId];
        _checkCustodianOfBank(loan);
        uint256 units = balanceOf(lender, uint256(loanId));
        Origination.refund(loan, loanId, lender, units, expected, ref);
        _burn(lender, uint256(loanId), units);
        address token = _token(loan);
        if (token != address(0)) Money.push(token, lender, units);
    }

    // ------------------------------------------------------------------ servicing

    /// @inheritdoc ILoanBook
    function repay(
        bytes32 loanId,
        bytes32[] calldata rows,
        uint256 amount,
        uint40 paidAt,
        uint32 expected,
        bytes32 ref
    ) external nonReentrant returns (Split memory split) {
        Loan storage loan = _loans[loanId];
        _checkCustodianOfBank(loan);
        split = Servicing.repay(
            loan, loanId, rows, amount, Servicing.Payment(msg.sender, paidAt, expected, ref)
        );
        uint256 holders = split.penalty + split.interest + split.principal;
        _receive(loan, msg.sender, split.fee, holders);
    }

    /// @inheritdoc ILoanBook
    function prepay(
        Prepayment calldata order,
        bytes calldata signature,
        bytes32[] calldata rows,
        uint40 paidAt,
        uint32 expected,
        bytes32 ref
    ) external nonReentrant {
        Loan storage loan = _loans[order.loanId];
        _checkOperator(loan);
        address borrower = loan.wallets.borrower;
        bytes32 digest = _hashTypedDataV4(order.hash());
        _useDigest(digest);
        (uint256 fee, uint256 holders) = Servicing.prepay(
            loan,
            order,
            digest,
            signature,
            rows,
            Servicing.Payment(borrower, paidAt, expected, ref)
        );
        _receive(loan, borrower, fee, holders);
    }

    /// @inheritdoc ILoanBook
    function declareDefault(bytes32 loanId, bytes32[] calldata rows) external {
        Servicing.declareDefault(_loans[loanId], loanId, rows);
    }

    // ------------------------------------------------------------------ holders

    /// @inheritdoc ILoanBook
    function payOut(bytes32 loanId, address holder, uint256 amount, uint32 expected, bytes32 ref)
        external
        nonReentrant
    {
        Loan storage loan = _loans[loanId];
        _checkCustodianOfBank(loan);
        uint256 units = balanceOf(holder, uint256(loanId));
        amount = Notes.payOut(loan, loanId, holder, units, amount, expected, ref);
        address token = _token(loan);
        if (token != address(0)) Money.push(token, holder, amount);
    }

    /// @inheritdoc ILoanBook
    function assign(
        Assignment calldata a,
        bytes calldata sellerSignature,
        bytes calldata buyerSignature,
        uint32 expected,
        bytes32 ref
    ) external nonReentrant {
        Loan storage loan = _loans[a.loanId];
        _checkCustodianOfBank(loan);
        bytes32 digest = _hashTypedDataV4(a.hash());
        _useDigest(digest);
        _transfer(a.seller, a.buyer, uint256(a.loanId), a.units);
        Notes.assigned(loan, a, digest, sellerSignature, buyerSignature, expected, ref);
        address token = _token(loan);
        if (token != address(0)) Money.move(token, a.buyer, a.seller, a.price);
    }

    /// @inheritdoc ILoanBook
    function withdrawFees(
        uint16 settlement,
        address receiver,
        uint256 amount,
        uint256 expected,
        bytes32 ref
    ) external nonReentrant {
        address token = settlementAt(settlement).token;
        bool bank = token == address(0);
        if (bank) _checkRole(CUSTODIAN_ROLE);
        else if (msg.sender != receiver) revert Errors.NotReceiver(msg.sender, receiver);
        Fees storage fees = _fees[settlement][receiver];
        if (expected != fees.withdrawn && (bank || expected != ALL)) {
            revert Errors.StaleAttestation(expected, fees.withdrawn);
        }
        if (amount == 0) revert Errors.ZeroAmount();
        uint256 most = fees.credited - fees.withdrawn;
        if (amount > most) revert Errors.ExceedsFees(most, amount);
        fees.withdrawn += uint128(amount);
        _recordBook(
            FeesWithdrawn.selector,
            abi.encode(++bookSeq, uint40(block.timestamp), settlement, receiver, amount, ref)
        );
        if (!bank) Money.push(token, receiver, amount);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ILoanBook
    function head(bytes32 loanId) external view returns (bytes32) {
        return _loans[loanId].head;
    }

    /// @inheritdoc ILoanBook
    function loanOf(bytes32 loanId) external view returns (LoanView memory) {
        Loan storage loan = _loans[loanId];
        return LoanView(
            loan.head,
            loan.state,
            loan.paid,
            loan.terms,
            loan.scheduleHash,
            loan.penalty,
            loan.wallets,
            loan.acceleration,
            loan.earlyPrincipal
        );
    }

    /// @inheritdoc ILoanBook
    function holdingOf(bytes32 loanId, address holder) external view returns (Holding memory) {
        return _loans[loanId].holdings[holder];
    }

    /// @inheritdoc ILoanBook
    function feesOf(uint16 settlement, address receiver) external view returns (Fees memory) {
        return _fees[settlement][receiver];
    }

    /// @inheritdoc ILoanBook
    function claimable(bytes32 loanId, address holder) external view returns (uint256) {
        return Notes.claimable(_loans[loanId], holder, balanceOf(holder, uint256(loanId)));
    }

    /// @inheritdoc ILoanBook
    function amountsDue(bytes32 loanId, bytes32[] calldata rows, uint40 at)
        external
        view
        returns (Split memory)
    {
        return Servicing.amountsDue(_loans[loanId], loanId, rows, at);
    }

    /// @dev Both bases answer: ERC-165 ids of access control and of ERC-6909.
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(AccessControl, ERC6909)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }

    // ------------------------------------------------------------------ who

    /// @dev Originator in token mode, custodian in bank mode.
    function _checkOperator(Loan storage loan) private view {
        _checkRole(loan.state.bank ? CUSTODIAN_ROLE : ORIGINATOR_ROLE);
    }

    /// @dev Anyone in token mode, custodian in bank mode.
    function _checkCustodianOfBank(Loan storage loan) private view {
        if (loan.state.bank) _checkRole(CUSTODIAN_ROLE);
    }

    function _useDigest(bytes32 digest) private {
        if (digestUsed[digest]) revert Errors.DigestUsed(digest);
        digestUsed[digest] = true;
    }

    // ------------------------------------------------------------------ money and notes

    /// @dev The loan's token, or 0 when its money moves at the bank.
    function _token(Loan storage loan) private view returns (address) {
        return loan.state.bank ? address(0) : _settlements[loan.state.settlement].token;
    }

    /// @dev Credit the fee and take the borrower's money.
    function _receive(Loan storage loan, address payer, uint256 fee, uint256 holders) private {
        if (fee != 0) {
            _fees[loan.state.settlement][loan.wallets.feeReceiver].credited += uint128(fee);
        }
        address token = _token(loan);
        if (token != address(0)) Money.pull(token, payer, fee + holders);
    }

    /// @dev A holder's move of notes: both sides registered, settled, recorded. Minting and
    ///      burning belong to commit and refund, which record themselves.
    function _update(address from, address to, uint256 id, uint256 units) internal override {
        if (from != address(0) && to != address(0)) {
            _participant(from);
            _participant(to);
            bytes32 loanId = bytes32(id);
            Notes.transferred(
                _loans[loanId], loanId, from, balanceOf(from, id), to, balanceOf(to, id), units
            );
        }
        super._update(from, to, id, units);
    }
}
