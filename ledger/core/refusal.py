"""One way to refuse an event that does not follow from the book."""

from ledger.errors import BookError


def ensure(ok: bool, code: str, problem: str, expected: object, found: object) -> None:
    """Raise ``BookError`` with ``code`` unless ``ok``."""
    if not ok:
        raise BookError(code, problem, _shown(expected), _shown(found))


def ensure_equal(code: str, problem: str, expected: object, found: object) -> None:
    """Raise ``BookError`` with ``code`` unless both values are the same."""
    ensure(expected == found, code, problem, expected, found)


def _shown(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value
