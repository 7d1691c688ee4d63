"""Gas of every operation is what the snapshot says; `python scripts/gas.py --update` renews it."""

from __future__ import annotations

import json

import pytest

from scripts.gas import SNAPSHOT, measure
from scripts.toolchain import ROOT

TARGETS = {
    "open": 220_000,
    "commit": 110_000,
    "disburse": 85_000,
    "repay_token": 80_000,
    "repay_bank": 58_000,
    "payout": 65_000,
}
"""What was aimed at; README.md says what the rest is made of."""

TOLERANCE = 120
"""Percent of a target that readable code may cost."""


@pytest.mark.slow
def test_gas__every_operation__is_as_in_the_snapshot() -> None:
    found, snapshot = measure(), json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert found == snapshot


@pytest.mark.parametrize("operation", TARGETS)
def test_gas__snapshot__is_near_the_target(operation: str) -> None:
    snapshot = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert snapshot[operation] * 100 <= TARGETS[operation] * TOLERANCE


def test_readme__table_of_gas__is_the_snapshot_against_the_targets() -> None:
    snapshot = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for operation, target in TARGETS.items():
        assert f"| {snapshot[operation]:,} | {target:,} |" in readme, operation
