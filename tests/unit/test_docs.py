"""Documents are in step with the code: every command, flag and setting is named."""

from __future__ import annotations

import re

import pytest
import typer

from ledger.cli import COMMANDS, app
from ledger.config import PREFIX, Settings
from scripts.toolchain import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in ROOT.glob("*.md")) + sorted(ROOT.glob("*/README.md"))


def options_of(name: str) -> set[str]:
    """Return the long options of a command and of what is below it."""
    group = typer.main.get_command(app)
    command = group.get_command(None, name)  # type: ignore[attr-defined]
    below = getattr(command, "commands", {}).values() or [command]
    return {
        option
        for item in below
        for parameter in item.params
        for option in parameter.opts
        if option.startswith("--")
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_readme__command__is_in_the_reference(name: str) -> None:
    assert re.search(rf"^\| `loanbook {name}( \w+)?` \|", README, re.MULTILINE)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_readme__setting__is_in_the_reference(name: str) -> None:
    assert re.search(rf"^\| `{PREFIX}{name.upper()}` \|", README, re.MULTILINE)


def test_readme__variables__exist() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    named = {name.removesuffix("_FILE") for name in re.findall(r"\bLOANBOOK_[A-Z_]+", README)}
    assert named <= known


def test_readme__flags_of_the_reference__exist() -> None:
    rows = re.findall(r"^\| `loanbook (\w+)[^|]*\|(.*)\|$", README, re.MULTILINE)
    assert len(rows) == len(COMMANDS)
    for name, description in rows:
        flags = set(re.findall(r"--[a-z-]+", description))
        assert flags <= options_of(name), f"loanbook {name} has no such flag"


@pytest.mark.parametrize("target", ["demo", "serve", "test", "check"])
def test_readme__make_target__is_named_and_exists(target: str) -> None:
    assert f"make {target}" in README
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page__links_to_files__lead_somewhere(page: object) -> None:
    text = page.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []  # type: ignore[attr-defined]
