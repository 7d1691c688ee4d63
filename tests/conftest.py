"""Rules for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).resolve().parent
WITHOUT_NETWORK = {"property", "unit"}

# An example that takes long on a busy machine is no failure.
settings.register_profile("loanbook", deadline=None)
settings.load_profile("loanbook")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Close the network to unit and property tests; the rest reaches this machine only."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in WITHOUT_NETWORK:
            item.add_marker(pytest.mark.disable_socket)
