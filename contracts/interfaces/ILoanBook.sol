// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a loan stands. "Overdue" is not here: it follows from rows and time.
enum Status {
    None,
    Funding,
    Active,
    Repaid,
    Defaulted,
    WrittenOff,
    Cancelled
}

/// @notice The agreement (借款合同), signed as EIP-712 by borrower and guarantor.
/// @dev The digest of this struct is the loan's id.
/// @param borrower Owes.
/// @param payee Receives the principal: the borrower, or a merchant.
/// @param guarantor 0 for none; never the platform.
/// @param feeReceiver Who may withdraw the fees.
/// @param asset Allow-listed ERC-20 of at most 6 decimals; 0 when money moves at the bank.
/// @param currency ISO 4217 code.
/// @param principal Minor units; at most 88 bits.
/// @param scheduleHash keccak256 of the concatenated rows.
/// @param dailyRate 0: interest as in the rows; else simple interest by the day, 1e-12 a day.
/// @param penaltyRate 1e-6 a day on what is late.
/// @param graceDays Days late within which no penalty is owed.
/// @param prepaymentFeeBps On principal repaid early, in basis points.
/// @param defaultAfterDays Default may be declared when more days late than this; not less than
///        graceDays.
/// @param writeOffAfterDays Write-off may follow when more days late than this.
/// @param valueDate Start of the day from which interest runs, Unix seconds.
/// @param fundingDeadline Last second for commitments and disbursement; <= valueDate + 1 day.
/// @param line Credit line that this draw belongs to; 0 for none.
/// @param product Preset and version: a label for readers.
/// @param purpose Purpose code: a label for readers.
/// @param documents Root of salted commitments to the borrower's facts.
/// @param salt Makes equal terms different agreements.
struct Agreement {
    address borrower;
    address payee;
    address guarantor;
    address feeReceiver;
    address asset;
    bytes3 currency;
    uint128 principal;
    bytes32 scheduleHash;
    uint64 dailyRate;
    uint32 penaltyRate;
    uint16 graceDays;
    uint16 prepaymentFeeBps;
    uint16 defaultAfterDays;
    uint16 writeOffAfterDays;
    uint40 valueDate;
    uint40 fundingDeadline;
    bytes32 line;
    bytes32 product;
    bytes32 purpose;
    bytes32 documents;
    uint256 salt;
}

/// @notice A lender's promise (出借承诺) to fund `amount` of one loan. One per lender and loan.
struct Commitment {
    bytes32 loanId;
    address lender;
    uint128 amount;
    uint40 deadline;
    uint256 salt;
}

/// @notice A borrower's order to repay `amount` of principal early; the maximum means all.
struct Prepayment {
    bytes32 loanId;
    uint128 amount;
    uint40 deadline;
    uint256 salt;
}

/// @notice A transfer of notes (债权转让) for a price, signed by seller and buyer.
struct Assignment {
    bytes32 loanId;
    address seller;
    address buyer;
    uint128 units;
    uint128 price;
    uint40 deadline;
    uint256 salt;
}

/// @notice A borrower's consent to cancel a loan that is still funding.
struct Cancellation {
    bytes32 loanId;
    uint40 deadline;
}

/// @notice What servicing needs of the terms: one slot, written once by `open`.
/// @param attestationLag The book's maximum attestation lag when the loan opened, days.
struct Terms {
    uint88 principal;
    uint40 valueDate;
    uint32 dailyRate;
    uint16 penaltyRate;
    uint16 graceDays;
    uint16 prepaymentFeeBps;
    uint16 defaultAfterDays;
    uint16 writeOffAfterDays;
    uint16 attestationLag;
}

/// @notice What changes as a loan lives: one slot.
/// @param status Where the loan stands.
/// @param version Of the schedule; 0 as signed.
/// @param bank True when money moves at the custodian bank.
/// @param early True once principal was repaid early; then `earlyPrincipal` counts.
/// @param row Index of the oldest row that is not fully paid.
/// @param lastDay Day of the last payment, to which the penalty numerator is complete.
/// @param settlement Index of asset and currency in the book's list.
/// @param seq Events of this loan so far.
/// @param attestations Bank: movements attested, one per event that moves money or notes for a
///        price. Token: Repaid and Prepaid events.
/// @param outstanding Principal that lenders brought in and that has not been given back.
/// @param late True while the penalty slot is in use; a loan paid on time never reads it.
struct State {
    Status status;
    uint8 version;
    bool bank;
    bool early;
    uint16 row;
    uint16 lastDay;
    uint16 settlement;
    uint32 seq;
    uint32 attestations;
    uint88 outstanding;
    bool late;
}

/// @notice What was paid: one slot.
/// @param accepted R: everything ever accepted for the holders (interest, penalty, principal).
/// @param rowPaid Fee, interest and principal paid on the current row (or on what default
///        accelerated); penalty is apart.
struct Paid {
    uint128 accepted;
    uint128 rowPaid;
}

/// @notice Penalty of the current row: one slot, untouched while payments are on time.
/// @param numerator Sum of unpaid base times days.
/// @param settled Penalty paid or waived.
struct Penalty {
    uint128 numerator;
    uint128 settled;
}

/// @notice What default made due at once, beside the outstanding principal.
struct Acceleration {
    uint128 fee;
    uint128 interest;
    uint128 penalty;
}

/// @notice Wallets of a loan.
struct Wallets {
    address borrower;
    uint40 fundingDeadline;
    address payee;
    address feeReceiver;
    address guarantor;
}

/// @notice A holder's account in one loan. `seen` is R when it was last settled.
struct Holding {
    uint256 earned;
    uint128 seen;
    uint128 paidOut;
}

/// @notice A working copy of what servicing reads and writes, in memory.
/// @param early All principal ever repaid early.
/// @param accelerated True after default; then `claim` replaces the rows.
struct Position {
    uint256 row;
    uint256 rowPaid;
    uint256 outstanding;
    uint256 numerator;
    uint256 settled;
    uint256 lastDay;
    uint256 early;
    bool accelerated;
    Acceleration claim;
}

/// @notice Everything stored about one loan but its holders.
struct LoanView {
    bytes32 head;
    State state;
    Paid paid;
    Terms terms;
    bytes32 scheduleHash;
    Penalty penalty;
    Wallets wallets;
    Acceleration acceleration;
    uint256 earlyPrincipal;
}

/// @notice Fees of one receiver in one settlement.
struct Fees {
    uint128 credited;
    uint128 withdrawn;
}

/// @notice How one payment was split, minor units.
struct Split {
    uint256 fee;
    uint256 penalty;
    uint256 interest;
    uint256 principal;
}

/// @notice Limits that the book enforces on every new agreement.
/// @param legalAnnualRate Most that interest and fees may cost a year, 1e-6.
/// @param maxPenaltyRate 1e-6 a day.
/// @param maxPrepaymentFeeBps Basis points.
/// @param maxAttestationLag Days by which a bank value date may lie behind its attestation; a loan
///        keeps the lag under which it opened.
struct Policy {
    uint32 legalAnnualRate;
    uint16 maxPenaltyRate;
    uint16 maxPrepaymentFeeBps;
    uint16 maxAttestationLag;
}

/// @notice An asset and currency in which loans may be settled; token 0 means at the bank.
struct Settlement {
    address token;
    bytes3 currency;
    bool open;
}

/// @title ILoanBook
/// @notice A book of loans that anyone can check: every change is one event, every event of a
///         loan is chained into `head[loanId]`, every event of the book and every opening into
///         `bookHead`.
/// @dev Events carry only the topics shown as indexed. `seq` counts from 1 within the loan (or
///      within the book), `at` is the block's time. Amounts are minor units.
///      entryHash = keccak256(topics ‖ keccak256(data)); head' = keccak256(head ‖ entryHash).
interface ILoanBook {
    // ---------------------------------------------------------------- events of a loan

    event Opened(
        bytes32 indexed loanId,
        uint32 seq,
        uint40 at,
        Agreement agreement,
        bytes32[] rows,
        bytes borrowerSignature,
        bytes guarantorSignature
    );
    event Committed(
        bytes32 indexed loanId,
        uint32 seq,
        uint40 at,
        address lender,
        uint128 amount,
        uint40 deadline,
        uint256 salt,
        bytes signature,
        bytes32 ref
    );
    event Disbursed(
        bytes32 indexed loanId, uint32 seq, uint40 at, address payee, uint128 amount, bytes32 ref
    );
    event Repaid(
        bytes32 indexed loanId,
        uint32 seq,
        uint40 at,
        uint40 paidAt,
        address payer,
        uint256 fee,
        uint256 penalty,
        uint256 interest,
        uint256 principal,
        bytes32 ref
    );
    event Prepaid(
        bytes32 indexed loanId,
        uint32 seq,
        uint40 at,
        uint40 paidAt,
        uint256 fee,
        uint256 interest,
        uint256 principal,
        uint128 signedAmount,
        uint40 deadline,
        uint256 salt,
        bytes signature,
        bytes32 ref
    );
    event PaidOut(
        bytes32 indexed loanId, uint32 seq, uint40 at, address holder, uint256 amount, bytes32 ref
    );
    event Transferred(
        bytes32 indexed loanId, uint32 seq, uint40 at, address from, address to, uint256 units
    );
    event Assigned(
        bytes32 indexed loanId,
        uint32 seq,
        uint40 at,
        address seller,
        address buyer,
        uint128 units,
        uint128 price,
        uint40 deadline,
        uint256 salt,
        bytes sellerSignature,
        bytes buyerSignature,
        bytes32 ref
    );
    event Defaulted(
        bytes32 indexed loanId,
        uint32 seq,
        uint40 at,
        uint16 day,
        uint256 fee,
        uint256 penalty,
        uint256 interest,
        uint256 principal
    );
    event Cancelled(
        bytes32 indexed loanId, uint32 seq, uint40 at, uint40 deadline, bytes signature
    );
    event FundingExpired(bytes32 indexed loanId, uint32 seq, uint40 at);
    event Refunded(
        bytes32 indexed loanId, uint32 seq, uint40 at, address lender, uint128 amount, bytes32 ref
    );

    // ---------------------------------------------------------------- events of the book

    event BookCreated(uint32 seq, uint40 at, address registry, address admin);
    event RoleChanged(uint32 seq, uint40 at, bytes32 role, address account, bool granted);
    event PauseChanged(uint32 seq, uint40 at, bool paused);
    event PolicyChanged(uint32 seq, uint40 at, Policy policy);
    event SettlementChanged(
        uint32 seq, uint40 at, uint16 settlement, address token, bytes3 currency, bool open
    );
    event FeesWithdrawn(
        uint32 seq, uint40 at, uint16 settlement, address receiver, uint256 amount, bytes32 ref
    );

    // ---------------------------------------------------------------- life of a loan

    /// @notice Register a signed agreement. Originator. Refused while paused.
    /// @param rows The schedule's words; must hash to `agreement.scheduleHash`.
    /// @param guarantorSignature Empty when there is no guarantor.
    /// @return loanId The agreement's EIP-712 digest.
    function open(
        Agreement calldata agreement,
        bytes32[] calldata rows,
        bytes calldata borrowerSignature,
        bytes calldata guarantorSignature
    ) external returns (bytes32 loanId);

    /// @notice Escrow one lender's money for one loan and mint its notes, locked until
    ///         disbursement. Originator (token: pulled from the lender's allowance) or
    ///         custodian (bank). Refused while paused.
    /// @param expected The loan's attestation count; in token mode the maximum means any.
    function commit(
        Commitment calldata commitment,
        bytes calldata signature,
        uint32 expected,
        bytes32 ref
    ) external;

    /// @notice Pay the whole principal of a fully funded loan to its payee. Originator or
    ///         custodian. Refused while paused.
    function disburse(bytes32 loanId, uint32 expected, bytes32 ref) external;

    /// @notice Take what the borrower pays on due rows. Token: anyone, pulled from the caller.
    ///         Bank: custodian.
    /// @dev A fixed amount above what is due reverts; the maximum takes exactly what is due, so
    ///      that dust paid in front cannot make it fail.
    /// @param amount Minor units, or the maximum for all that is due.
    /// @param paidAt Bank: 24:00 of the value date. Token: 0.
    function repay(
        bytes32 loanId,
        bytes32[] calldata rows,
        uint256 amount,
        uint40 paidAt,
        uint32 expected,
        bytes32 ref
    ) external returns (Split memory);

    /// @notice Take all that is due, then principal early as the borrower signed. Originator
    ///         (token: pulled from the borrower's allowance) or custodian.
    function prepay(
        Prepayment calldata prepayment,
        bytes calldata signature,
        bytes32[] calldata rows,
        uint40 paidAt,
        uint32 expected,
        bytes32 ref
    ) external;

    /// @notice Pay a holder what it is entitled to. Token: anyone, amount = the maximum.
    ///         Bank: custodian, the amount that the bank moved.
    function payOut(bytes32 loanId, address holder, uint256 amount, uint32 expected, bytes32 ref)
        external;

    /// @notice Move notes from seller to buyer; the price moves with them in token mode, the
    ///         custodian attests it in bank mode.
    /// @dev A signed sale names units, not what is still owed on them: what the borrower repays
    ///      before the sale is executed stays with the seller. Sign with a short deadline.
    function assign(
        Assignment calldata assignment,
        bytes calldata sellerSignature,
        bytes calldata buyerSignature,
        uint32 expected,
        bytes32 ref
    ) external;

    /// @notice Accelerate a loan whose oldest unpaid row is late enough. Anyone.
    function declareDefault(bytes32 loanId, bytes32[] calldata rows) external;

    /// @notice Cancel a loan that is still funding, with the borrower's consent. Originator.
    function cancel(Cancellation calldata cancellation, bytes calldata signature) external;

    /// @notice Cancel a loan whose funding deadline has passed. Anyone.
    function expire(bytes32 loanId) external;

    /// @notice Give a lender of a cancelled loan back exactly what was escrowed. Token: anyone.
    ///         Bank: custodian.
    function refund(bytes32 loanId, address lender, uint32 expected, bytes32 ref) external;

    /// @notice Pay out fees credited to `receiver`. Token: the receiver. Bank: custodian.
    /// @param expected Fees withdrawn so far, so that no attestation counts twice; in token mode
    ///        the maximum means any.
    function withdrawFees(
        uint16 settlement,
        address receiver,
        uint256 amount,
        uint256 expected,
        bytes32 ref
    ) external;

    // ---------------------------------------------------------------- views

    function head(bytes32 loanId) external view returns (bytes32);
    function bookHead() external view returns (bytes32);
    function bookSeq() external view returns (uint32);
    function loansHead(bytes16 subject) external view returns (bytes32);
    /// @notice Everything stored about a loan but its holders.
    function loanOf(bytes32 loanId) external view returns (LoanView memory);

    function digestUsed(bytes32 digest) external view returns (bool);
    function holdingOf(bytes32 loanId, address holder) external view returns (Holding memory);
    function feesOf(uint16 settlement, address receiver) external view returns (Fees memory);
    function settlementAt(uint16 settlement) external view returns (Settlement memory);
    function settlementCount() external view returns (uint16);
    function policy() external view returns (Policy memory);
    function paused() external view returns (bool);

    /// @notice What could be paid out to `holder` now: rounded down, once.
    function claimable(bytes32 loanId, address holder) external view returns (uint256);

    /// @notice What is due at `at` and how it would be split.
    function amountsDue(bytes32 loanId, bytes32[] calldata rows, uint40 at)
        external
        view
        returns (Split memory);
}
