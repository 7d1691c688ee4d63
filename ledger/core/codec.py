"""Records as canonical JSON, and back: so that a store can keep them and their hash is stable.

Integers become decimal strings, bytes ``0x`` hex, dataclasses objects, sets sorted lists and
mappings sorted lists of pairs. Reading is strict: what was not written by ``to_plain`` is refused
with the path of the member.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import IntEnum, StrEnum
from functools import cache
from hashlib import sha256
from types import GenericAlias, NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson

from ledger.errors import CodecError

T = TypeVar("T")
Plain: TypeAlias = bool | str | list["Plain"] | dict[str, "Plain"] | None
_Reader: TypeAlias = Callable[[Any, str], Any]

_DECIMAL = re.compile(r"0|-?[1-9][0-9]*")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")


def to_plain(value: object) -> Plain:
    """Return ``value`` as JSON values. Raises ``CodecError`` for a type that has no form."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, frozenset):
        return [to_plain(item) for item in sorted(value)]
    if isinstance(value, Mapping):
        return [[to_plain(key), to_plain(value[key])] for key in sorted(value)]
    if is_dataclass(value):
        return {
            name: to_plain(getattr(value, name)) for name in _field_names(cast(Any, type(value)))
        }
    raise CodecError(type(value).__name__, "has no canonical form")


def from_plain(kind: type[T], value: object) -> T:
    """Read back a ``kind``. Raises ``CodecError`` naming the member that does not fit."""
    record = _reader(cast(Any, kind))(value, kind.__name__)
    if to_plain(record) != value:
        raise CodecError(kind.__name__, "is not in canonical order")
    return cast(T, record)


def canonical(record: object) -> bytes:
    """Return the record's canonical bytes: JSON, sorted keys, no white space."""
    return orjson.dumps(to_plain(record), option=orjson.OPT_SORT_KEYS)


def digest(record: object) -> bytes:
    """Return SHA-256 over the canonical bytes."""
    return sha256(canonical(record)).digest()


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(sorted(field.name for field in fields(kind)))


@cache
def _reader(kind: Any) -> _Reader:
    """Return the strict reader of one annotated type; built once for each."""
    kind = _plain_type(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):  # a NewType makes the one, a class the other
        return _optional_reader(args)
    if origin is tuple:
        return _list_reader(args[0]) if args[-1] is Ellipsis else _tuple_reader(args)
    if origin is frozenset:
        read_items = _list_reader(args[0])
        return lambda value, path: frozenset(read_items(value, path))
    if origin is not None and issubclass(origin, Mapping):
        read_pairs = _list_reader(GenericAlias(tuple, args))
        return lambda value, path: dict(read_pairs(value, path))
    if is_dataclass(kind):
        return _record_reader(kind)
    simple = _SIMPLE.get(kind)
    if simple is not None:
        return simple
    if issubclass(kind, IntEnum | StrEnum):
        return _enum_reader(kind)
    raise CodecError(str(kind), "has no canonical form")


def _plain_type(kind: Any) -> Any:
    """Return what a NewType stands for."""
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    return kind


def _read_int(value: Any, path: str) -> int:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise CodecError(path, f"{value!r} is no decimal string")
    return int(value)


def _read_bytes(value: Any, path: str) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise CodecError(path, f"{value!r} is no 0x hex string")
    return bytes.fromhex(value[2:])


def _read_as(kind: type) -> _Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, kind):
            raise CodecError(path, f"{value!r} is no {kind.__name__}")
        return value

    return read


_SIMPLE: dict[Any, _Reader] = {
    int: _read_int,
    bytes: _read_bytes,
    str: _read_as(str),
    bool: _read_as(bool),
}


def _enum_reader(kind: Any) -> _Reader:
    def read(value: Any, path: str) -> Any:
        try:
            return kind(_read_int(value, path) if issubclass(kind, int) else value)
        except ValueError as error:
            raise CodecError(path, f"{value!r} is no {kind.__name__}") from error

    return read


def _optional_reader(args: tuple[Any, ...]) -> _Reader:
    (inner,) = (arg for arg in args if arg is not NoneType)
    read_inner = _reader(inner)
    return lambda value, path: None if value is None else read_inner(value, path)


def _list_reader(item: Any) -> _Reader:
    read_list, read_item = _read_as(list), _reader(item)
    return lambda value, path: tuple(
        read_item(part, f"{path}[{index}]") for index, part in enumerate(read_list(value, path))
    )


def _tuple_reader(args: tuple[Any, ...]) -> _Reader:
    readers = [_reader(arg) for arg in args]

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, list) or len(value) != len(readers):
            raise CodecError(path, f"must be a list of {len(readers)}, got {value!r}")
        return tuple(one(value[i], f"{path}[{i}]") for i, one in enumerate(readers))

    return read


def _record_reader(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name in _field_names(kind)}

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict) or value.keys() != readers.keys():
            found = sorted(value) if isinstance(value, dict) else value
            raise CodecError(path, f"must have the members {sorted(readers)}, got {found!r}")
        return kind(**{name: one(value[name], f"{path}.{name}") for name, one in readers.items()})

    return read
