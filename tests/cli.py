"""Running ``loanbook`` in tests: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def run(*arguments: object, folder: Path | None = None) -> Outcome:
    """Run a command in this process, in ``folder``."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.chdir(folder or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())


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
