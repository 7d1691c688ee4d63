"""The committed artifacts are what the sources compile to."""

from __future__ import annotations

import json

import pytest

from scripts.compile import GROUPS, MAX_CODE_BYTES, Group, compile_group, differences


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_compile_group__committed_artifacts__are_identical(group: Group) -> None:
    assert differences(group.artifacts, compile_group(group)) == []


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_artifacts__deployed_code__fits_the_chain(group: Group) -> None:
    for path in group.artifacts.glob("*.json"):
        code = json.loads(path.read_text())["deployedBytecode"].removeprefix("0x")
        assert len(code) // 2 <= MAX_CODE_BYTES, path.name
