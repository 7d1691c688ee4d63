"""Fixtures of the contract tests."""

from __future__ import annotations

import pytest

from tests.contract.world import World


@pytest.fixture
def world() -> World:
    """A fresh book with its parties."""
    return World()
