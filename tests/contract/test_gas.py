"""Gas of every operation is what the snapshot says; `python scripts/gas.py --update` renews it."""

from __future__ import annotations

import json

import pytest

from scripts.gas import SNAPSHOT, measure

# Whole transactions; see contracts/README.md for what the misses are made of.
TARGETS = {"disburse": 85_000}


@pytest.mark.slow
def test_gas__every_operation__is_as_in_the_snapshot() -> None:
    found, snapshot = measure(), json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert found == snapshot


@pytest.mark.parametrize("operation", TARGETS)
def test_gas__snapshot__keeps_to_the_target(operation: str) -> None:
    snapshot = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert snapshot[operation] <= TARGETS[operation]
