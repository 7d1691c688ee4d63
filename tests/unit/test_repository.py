"""Packaging: what the lock files pin, and what the package promises."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

import pytest

from scripts.toolchain import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHON_LOCK = (ROOT / "requirements.lock").read_text()
NPM_LOCK = json.loads((ROOT / "package-lock.json").read_text())
CORE = sorted((ROOT / "ledger" / "core").rglob("*.py"))
CLOCK_READINGS = {"now", "today", "utcnow"}


def direct_requirements() -> list[str]:
    return [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["test"]]


@pytest.mark.parametrize("requirement", direct_requirements())
def test_requirements_lock__direct_dependency__has_the_declared_pin(requirement: str) -> None:
    name, _, version = requirement.partition("==")
    name = name.partition("[")[0]
    assert version, f"{requirement} is not pinned"
    assert re.search(
        rf"^{re.escape(name)}(\[\w+\])?=={re.escape(version)} ", PYTHON_LOCK, re.MULTILINE
    )


def test_requirements_lock__every_package__has_a_hash() -> None:
    packages = re.split(r"^(?=\S)", PYTHON_LOCK, flags=re.MULTILINE)[1:]
    assert len(packages) > len(direct_requirements())
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


def test_lock_files__download_addresses__are_absent() -> None:
    assert "://" not in PYTHON_LOCK
    assert [name for name, entry in NPM_LOCK["packages"].items() if "resolved" in entry] == []


def test_package_lock__direct_dependencies__have_the_declared_pin() -> None:
    declared = json.loads((ROOT / "package.json").read_text())
    for name, version in (declared["dependencies"] | declared["devDependencies"]).items():
        entry = NPM_LOCK["packages"][f"node_modules/{name}"]
        assert entry["version"] == version
        assert entry["integrity"].startswith("sha512-")


def test_distribution__console_command__is_declared() -> None:
    commands = importlib.metadata.entry_points(group="console_scripts", name="loanbook")
    assert [command.value for command in commands] == ["ledger.cli:main"]


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_core__source__has_no_float_and_no_clock(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"line {node.lineno}: float {node.value}")
        elif isinstance(node, ast.Name) and node.id == "float":
            found.append(f"line {node.lineno}: float")
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_READINGS:
            found.append(f"line {node.lineno}: {node.attr}")
    assert found == []
