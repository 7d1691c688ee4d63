"""Finding a book on the chain from its address alone."""

from dataclasses import dataclass

from ledger.chain.client import Client
from ledger.core.decode import decode_book
from ledger.core.events import BookCreated
from ledger.core.types import Address, BlockRef
from ledger.errors import DecodeError, NotABook


@dataclass(frozen=True, slots=True)
class FoundBook:
    """A book and its registry; ``first_block`` created the older of the two."""

    book: Address
    registry: Address
    first_block: int


def find_book(client: Client, book: Address, at: BlockRef) -> FoundBook:
    """Return what the chain says of the book at an address, as of block ``at``.

    The node has to know the state of old blocks. Raises ``NoContract``, or ``NotABook`` where
    the contract's first event is not that of a book.
    """
    client.require_contract(book, at)
    created = creation_block(client, book, at.number)
    for log in client.logs(created, created, (book,)):
        try:
            event = decode_book(log.topics, log.data)
        except DecodeError as error:
            raise NotABook(book, created) from error
        if isinstance(event, BookCreated):
            registry = event.registry
            client.require_contract(registry, at)
            first = creation_block(client, registry, created)
            return FoundBook(book, registry, min(first, created))
    raise NotABook(book, created)


def creation_block(client: Client, address: Address, known: int) -> int:
    """Return the first block that has code at ``address``; block ``known`` has it."""
    without, with_code = -1, known
    while with_code - without > 1:
        middle = (without + with_code) // 2
        if client.code(address, client.block(middle)):
            with_code = middle
        else:
            without = middle
    return with_code
