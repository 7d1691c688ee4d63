"""Every error that Loanbook raises, as one tree.

Each error says what was wrong, with the values, and what to do about it. ``retry`` tells
callers whether the same call can succeed later without a change on their side.
"""


class LoanbookError(Exception):
    """Root of the tree: catch this to catch everything that Loanbook reports."""

    retry: bool = False


class InputError(LoanbookError):
    """Something the caller gave is wrong; nothing was changed."""


class TermsError(InputError):
    """A loan's terms are malformed or contradict each other.

    ``field`` names the offending member of the terms document.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}")


class AllocationError(InputError):
    """A payment that the rules of the agreement refuse; nothing was changed."""


class SignatureError(InputError):
    """Bytes that are no valid signature of a plain key over the digest."""


class DecodeError(LoanbookError):
    """A log that our contracts cannot have written: nothing of it was read.

    ``topic`` is the event's first topic, ``None`` if there is none. Either the node forged or
    damaged the log, or the address is not the contract that it is taken for.
    """

    def __init__(self, topic: bytes | None, problem: str) -> None:
        self.topic = topic
        self.problem = problem
        name = "no topic" if topic is None else f"topic 0x{topic.hex()}"
        super().__init__(
            f"log with {name}: {problem}; check the contract's address and ask another node"
        )


class ConfigError(InputError):
    """A setting is missing or has a value that cannot be used; ``setting`` names it."""

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(f"{setting}: {problem}")


class KeyFileError(InputError):
    """A key file or its password cannot be used. Never carries the password or the key."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"key file {path}: {problem}")


class ArtifactError(LoanbookError):
    """A compiled contract is missing or unusable; ``make contracts`` writes them."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"contract artifact {name}: {problem}")


# -------------------------------------------------------------------------- the chain


class ChainError(LoanbookError):
    """The node, or a contract on it, did not do what was asked."""


class NodeUnreachable(ChainError):
    """No usable answer from the node, after the client's own retries."""

    retry = True

    def __init__(self, url: str, problem: str) -> None:
        self.url = url
        super().__init__(f"node {url} is not reachable: {problem}; check that it runs and --rpc")


class NodeRefused(ChainError):
    """The node answered a call with a JSON-RPC error."""

    def __init__(self, method: str, code: int, message: str) -> None:
        self.method = method
        self.code = code
        self.message = message
        super().__init__(f"node refused {method}: {message} (code {code})")


class NodeLimit(NodeRefused):
    """The question was too large for the node: a range, result or size limit."""


class MethodMissing(NodeRefused):
    """The node does not have the method at all."""


class BlockUnknown(ChainError):
    """The node does not have a block: not yet, or no more."""

    retry = True

    def __init__(self, block: int | bytes | str) -> None:
        name = "0x" + block.hex() if isinstance(block, bytes) else block
        super().__init__(f"the node does not have block {name}")


class InconsistentNode(ChainError):
    """An answer contradicts the block that it was asked for, or another answer."""

    retry = True


class WrongChain(ChainError):
    """The node is on another chain than the one expected."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"expected chain id {expected}, the node is on {found}; check --rpc")


class NoContract(ChainError):
    """There is no code at the address."""

    def __init__(self, address: str, chain_id: int, block: int) -> None:
        super().__init__(
            f"no contract at {address} on chain {chain_id} at block {block}; "
            "check the address and that the node is on the right chain"
        )


class NotABook(ChainError):
    """The contract at an address is not a loan book."""

    def __init__(self, address: str, block: int) -> None:
        super().__init__(
            f"the contract that block {block} created at {address} did not begin as a loan book: "
            "check the address"
        )


class NotADevelopmentChain(ChainError):
    """Something that only a development chain may see was asked of another one."""

    def __init__(self, chain: object, what: str) -> None:
        super().__init__(f"{what} is for development chains only, and {chain} is none")


class Reverted(ChainError):
    """A contract refused a call: the custom error's name and values.

    ``name`` is ``Error`` for a plain reason, ``Panic`` for a failed assertion, empty when the
    contract gave no data that is known; ``data`` is what it gave, undecoded.
    """

    def __init__(self, name: str, values: dict[str, object], data: bytes) -> None:
        self.name = name
        self.values = values
        self.data = data
        shown = ", ".join(f"{key}={_plain(value)}" for key, value in values.items())
        given = f"{name}({shown})" if name else shown or f"0x{data.hex()}"
        super().__init__(f"refused by the contract: {given}")


class TransactionReverted(ChainError):
    """A transaction was mined and did nothing, because the contract refused it."""

    def __init__(self, request_id: str, tx_hash: bytes, reason: str) -> None:
        self.request_id = request_id
        self.tx_hash = tx_hash
        super().__init__(f"{request_id}: transaction 0x{tx_hash.hex()} reverted: {reason}")


class NotMined(ChainError):
    """Transactions that were sent are not in a block yet."""

    retry = True

    def __init__(self, request_ids: list[str], seconds: float) -> None:
        self.request_ids = request_ids
        super().__init__(
            f"{len(request_ids)} transactions not mined within {seconds:g} s, "
            f"the first is {request_ids[0]}; they stay queued and are sent again"
        )


class InsufficientFunds(ChainError):
    """The sender cannot pay for gas; no nonce was used."""

    retry = True

    def __init__(self, sender: str, balance: int, needed: int) -> None:
        super().__init__(f"{sender} holds {balance} wei and needs {needed} wei for gas: fund it")


class RequestConflict(ChainError):
    """A request id was used before for something else."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        super().__init__(
            f"request id {request_id} was used before with other content: choose another id"
        )


class NonceConflict(ChainError):
    """A request's nonce was used by a transaction not sent from here; it has no effect."""

    def __init__(self, sender: str, request_id: str, reason: str) -> None:
        self.request_id = request_id
        super().__init__(
            f"{request_id} was not sent: {reason}; something else sends with the key of {sender}: "
            "stop it, then send this under a new request id if it is still wanted"
        )


class OutboxBehind(ChainError):
    """The chain knows more transactions of the sender than the outbox sent."""

    def __init__(self, sender: str, local: int, chain: int) -> None:
        super().__init__(
            f"the chain counts {chain} transactions of {sender}, this database {local}: it was "
            "restored from a backup or the key is used elsewhere; stop what else uses the key, "
            "then run loanbook tape import, which mirrors the chain and goes on from its count; "
            "finish a deployment from the database that began it"
        )


class OutboxAhead(ChainError):
    """The chain lost transactions of the sender that were final."""

    def __init__(self, sender: str, local: int, chain: int) -> None:
        super().__init__(
            f"the chain counts {chain} transactions of {sender}, of which {local} were final: it "
            "was reset, or this is another chain; use the database of this chain, or a new one"
        )


class SenderBusy(ChainError):
    """Another process sends with the same key from the same database."""

    retry = True

    def __init__(self, chain_id: int, sender: str) -> None:
        super().__init__(
            f"{sender} on chain {chain_id} is being used by another process: only one may send"
        )


def _plain(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


class BookError(LoanbookError):
    """An event that does not follow from the book as it stands: nothing was changed.

    ``code`` is one of: ``address``, ``order``, ``sequence``, ``time``, ``unknown_loan``,
    ``agreement``, ``schedule``, ``party``, ``settlement``, ``paused``, ``status``, ``funding``,
    ``deadline``, ``value_date``, ``allocation``, ``default``, ``units``, ``entitlement``,
    ``fees``, ``rules``. ``expected`` and ``found`` are the values as text, ``loan_id`` the loan
    (``None`` for an event of the book or the registry), ``where`` the block and log index.
    """

    advice = "the node dropped, repeated, reordered or forged a log: ask another node"

    def __init__(self, code: str, problem: str, expected: object, found: object) -> None:
        self.code = code
        self.problem = problem
        self.expected = str(expected)
        self.found = str(found)
        self.loan_id: bytes | None = None
        self.where = ""
        super().__init__(code, problem, self.expected, self.found)

    def __str__(self) -> str:
        loan = f"loan 0x{self.loan_id.hex()}: " if self.loan_id else ""
        place = f" at {self.where}" if self.where else ""
        values = f"(expected {self.expected}, found {self.found})"
        return f"{loan}{self.problem} {values}{place}; {self.advice}"


class JournalError(BookError):
    """A journal entry that cannot follow: ``code`` is ``balance`` or ``link``."""

    advice = "the journal was changed outside Loanbook: rebuild it from the chain"


class CodecError(LoanbookError):
    """A stored record that cannot be read back: ``path`` names the member.

    It was changed outside Loanbook, or written by another version; rebuild it from the chain.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}; rebuild the record from the chain")


class DuplicateIdentity(InputError):
    """The vault knows this identity already, as ``subject``."""

    def __init__(self, subject: bytes) -> None:
        self.subject = subject
        super().__init__(f"the identity is known already, as subject 0x{subject.hex()}")


class CursorError(InputError):
    """A page cursor that no page of this kind handed out."""


class UnknownRecord(InputError):
    """What was asked for is not in the book."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"the book has no {kind} {key}: check it, or wait until it is mirrored")


class ApiUnreachable(LoanbookError):
    """No usable answer from a platform's API."""

    retry = True

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"API {url} gives no usable answer: {problem}; check --compare")


class NotReady(LoanbookError):
    """The service answers, but not yet, or no longer, with what can be relied on."""

    retry = True


class StoreError(LoanbookError):
    """The database cannot be used as it is; nothing was changed."""


class StoreBusy(StoreError):
    """Another process holds the database's lock; the same call can succeed later."""

    retry = True


class SchemaTooNew(StoreError):
    """The database was written by a newer version of Loanbook."""


class ProofError(LoanbookError):
    """A proof that does not lead from the block's hash to the value: ask another node."""


class VaultError(LoanbookError):
    """Private data cannot be read or written: a key is missing or a record was altered."""


class MirrorError(LoanbookError):
    """What the node said does not fit the book; the batch was not committed."""


class OtherBook(MirrorError):
    """The database mirrors another book or another chain than the one asked for."""


class LogRefused(MirrorError):
    """A log is forged, repeated, out of order or cannot be decoded.

    ``code``, ``expected`` and ``found`` say what did not fit, ``loan_id`` the loan (``None`` for
    the book or the registry), ``where`` the block and the log's index.
    """

    def __init__(
        self, code: str, where: str, expected: object, found: object, loan_id: bytes | None = None
    ) -> None:
        self.code = code
        self.where = where
        self.expected = str(expected)
        self.found = str(found)
        self.loan_id = loan_id
        super().__init__(
            f"log at {where} refused ({code}): expected {expected}, found {found}; "
            "nothing was committed: ask another node"
        )


class LogMissing(MirrorError):
    """The contract's head covers events that the node did not hand out.

    ``head`` names the chain of events: a loan's id, ``bookHead`` or the registry's ``head``.
    """

    def __init__(self, head: str, block: int, expected: bytes, found: bytes) -> None:
        self.head = head
        self.block = block
        self.expected = expected
        self.found = found
        super().__init__(
            f"events of {head} up to block {block} hash to 0x{found.hex()}, the contract says "
            f"0x{expected.hex()}: the node dropped or forged a log; nothing was committed: ask "
            "another node"
        )


class FinalityViolated(MirrorError):
    """A block that counted as final is no longer on the chain: halt and investigate."""

    def __init__(self, number: int, expected: bytes, found: bytes | None) -> None:
        self.number = number
        self.expected = expected
        self.found = found
        other = "is gone" if found is None else f"is now 0x{found.hex()}"
        super().__init__(
            f"block {number}, final as 0x{expected.hex()}, {other}: nothing was changed; check "
            "the node, raise the finality depth, or mirror the new chain into a new database"
        )


class TapeError(InputError):
    """A loan tape cannot be read at all: no such profile, or columns missing or repeated."""


class RowError(TapeError):
    """One row of a loan tape is refused; the rows after it are read on.

    ``row`` is the line of the file that the row ends on (the header is line 1), ``field`` the
    column or the member of the terms that is wrong.
    """

    def __init__(self, row: int, field: str, problem: str) -> None:
        self.row = row
        self.field = field
        self.problem = problem
        super().__init__(f"row {row}: {field}: {problem}")
