"""Canonical JSON of records: stable, exact, and strict when it is read back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from ledger.core.codec import canonical, digest, from_plain, to_plain
from ledger.core.loan import Consent, Holding, Loan
from ledger.core.types import Address, Status
from ledger.errors import CodecError
from tests.replayed import replay
from tests.simulated_logs import agreement, rows_of
from tests.simulation import SimulatedChain


@dataclass(frozen=True)
class Sample:
    number: int
    word: bytes
    flag: bool
    name: Address
    status: Status
    consent: Consent
    part: Holding | None
    pair: tuple[int, bytes]
    items: tuple[int, ...]
    chosen: frozenset[tuple[int, str]]
    table: Mapping[tuple[int, Address], Holding]


SAMPLE = Sample(
    number=2**255,
    word=b"\0\xff",
    flag=True,
    name=Address("0xA"),
    status=Status.ACTIVE,
    consent=Consent.KEY,
    part=None,
    pair=(-1, b""),
    items=(3, 1),
    chosen=frozenset({(10, "a"), (2, "b")}),
    table={(1, Address("y")): Holding(1), (0, Address("z")): Holding(2)},
)


def test_to_plain__every_kind_of_member__exact() -> None:
    assert to_plain(SAMPLE) == {
        "number": str(2**255),
        "word": "0x00ff",
        "flag": True,
        "name": "0xA",
        "status": "2",
        "consent": "key",
        "part": None,
        "pair": ["-1", "0x"],
        "items": ["3", "1"],
        "chosen": [["2", "b"], ["10", "a"]],
        "table": [
            [["0", "z"], {"earned": "0", "paid_out": "0", "seen": "0", "units": "2"}],
            [["1", "y"], {"earned": "0", "paid_out": "0", "seen": "0", "units": "1"}],
        ],
    }


def test_from_plain__what_was_written__equal() -> None:
    assert from_plain(Sample, orjson.loads(canonical(SAMPLE))) == SAMPLE


def test_canonical__keys__sorted_without_white_space() -> None:
    assert canonical(Holding(1, 2, 3, 4)) == (
        b'{"earned":"2","paid_out":"4","seen":"3","units":"1"}'
    )
    assert digest(Holding(1)) != digest(Holding(2))


def test_to_plain__float__refused() -> None:
    with pytest.raises(CodecError, match="float"):
        to_plain(0.5)


Damage = Callable[[dict[str, Any]], object]

DAMAGED: dict[str, tuple[Damage, str]] = {
    "number as a JSON number": (lambda d: d.update(number=1), "Sample.number"),
    "number with a leading zero": (lambda d: d.update(number="01"), "Sample.number"),
    "minus zero": (lambda d: d.update(number="-0"), "Sample.number"),
    "other digits": (lambda d: d.update(number="１"), "Sample.number"),
    "upper-case hex": (lambda d: d.update(word="0xFF"), "Sample.word"),
    "half a byte": (lambda d: d.update(word="0x0"), "Sample.word"),
    "flag as text": (lambda d: d.update(flag="true"), "Sample.flag"),
    "name as a number": (lambda d: d.update(name=1), "Sample.name"),
    "unknown status": (lambda d: d.update(status="9"), "Sample.status"),
    "unknown consent": (lambda d: d.update(consent="stamp"), "Sample.consent"),
    "pair of three": (lambda d: d["pair"].append("1"), "Sample.pair"),
    "no list": (lambda d: d.update(items="1"), "Sample.items"),
    "item of another kind": (lambda d: d["items"].append(None), r"Sample.items\[2\]"),
    "member missing": (lambda d: d.pop("flag"), "Sample"),
    "member too many": (lambda d: d.update(more="1"), "Sample"),
    "table out of order": (lambda d: d["table"].reverse(), "Sample"),
    "table key twice": (lambda d: d["table"].append(d["table"][1]), "Sample"),
    "set out of order": (lambda d: d["chosen"].reverse(), "Sample"),
    "nested member": (lambda d: d["table"][0][1].update(seen=None), r"Sample.table\[0\]\[1\].seen"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_from_plain__damaged_record__refused_with_its_path(name: str) -> None:
    damage, path = DAMAGED[name]
    plain = orjson.loads(canonical(SAMPLE))
    damage(plain)
    with pytest.raises(CodecError, match=f"^{path}: ") as caught:
        from_plain(Sample, plain)
    assert "rebuild" in str(caught.value)


def test_from_plain__no_object__refused() -> None:
    with pytest.raises(CodecError, match="Holding"):
        from_plain(Holding, [])


def test_from_plain__loan__every_character_counts() -> None:
    chain = SimulatedChain()
    chain.create()
    rows = rows_of((31, 1_000, 10, 1))
    chain.fund(chain.open(agreement(rows), rows), 300)
    loan = replay(chain.logs)[0].loans[chain.loans[0].id]
    text = canonical(loan)
    assert from_plain(Loan, orjson.loads(text)) == loan
    for index in range(0, len(text), 7):
        altered = bytes([*text[:index], text[index] ^ 1, *text[index + 1 :]])
        assert not reads_as(altered, loan), altered[max(0, index - 30) : index + 1]


def reads_as(text: bytes, loan: Loan) -> bool:
    try:
        return from_plain(Loan, orjson.loads(text)) == loan
    except (CodecError, orjson.JSONDecodeError):
        return False
