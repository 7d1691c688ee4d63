"""Running ``loanbook`` in tests: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.cli import main


@dataclass(frozen=True)
class Outcome:
    """What one run left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be exactly one JSON document."""
        return json.loads(self.out)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """Run a command in this process."""
    capsys.readouterr()
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as exit_:
        code = exit_.code
    assert isinstance(code, int | None)
    out, err = capsys.readouterr()
    return Outcome(code or 0, out, err)


def start(
    arguments: Sequence[object], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a command in a process of its own, in an empty ``folder``, with no settings of ours."""
    inherited = {name: value for name, value in os.environ.items() if "LOANBOOK_" not in name}
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("loanbook")), *map(str, arguments)],
        cwd=folder,
        env=inherited | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_apart(
    arguments: Sequence[object],
    folder: Path,
    environment: dict[str, str] | None = None,
    timeout: float = 240,
) -> Outcome:
    """Run a command in a process of its own and wait for it."""
    process = start(arguments, folder, environment)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return Outcome(process.returncode, out, err)
