"""Solidity sources with everything that they import, as the compiler names them."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.toolchain import NODE_MODULES, ROOT

# Comments are matched first, so that an import inside of one is passed over.
_IMPORT = re.compile(
    r"//[^\n]*|/\*.*?\*/|^\s*import\b(?:[^\"';]*\bfrom)?\s*[\"']([^\"']+)[\"']",
    re.DOTALL | re.MULTILINE,
)
_LIBRARY_PREFIX = "@openzeppelin/"


class MissingImportError(Exception):
    """A source imports a file that does not exist."""


def imports_of(name: str, text: str) -> list[str]:
    """Return the source unit names that `text`, itself named `name`, imports."""
    targets = [match.group(1) for match in _IMPORT.finditer(text) if match.group(1)]
    folder = posixpath.dirname(name)
    return [
        posixpath.normpath(posixpath.join(folder, target)) if target.startswith(".") else target
        for target in targets
    ]


def _read(name: str, wanted_by: str) -> str:
    base = NODE_MODULES if name.startswith(_LIBRARY_PREFIX) else ROOT
    path = base / name
    if not path.is_file():
        raise MissingImportError(f"{wanted_by} imports {name}, but there is no {path}")
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class SourceTree:
    """The sources below one folder (`own`) and the text of each source they need."""

    own: tuple[str, ...]
    texts: dict[str, str]

    @classmethod
    def load(cls, folder: Path) -> SourceTree:
        """Read every .sol file below `folder`, a folder of this project, and its imports.

        Raises:
            MissingImportError: an imported file does not exist.
        """
        own = tuple(path.relative_to(ROOT).as_posix() for path in sorted(folder.rglob("*.sol")))
        texts: dict[str, str] = {}
        pending = [(name, "the project") for name in own]
        while pending:
            name, wanted_by = pending.pop()
            if name not in texts:
                texts[name] = _read(name, wanted_by)
                pending += [(target, name) for target in imports_of(name, texts[name])]
        return cls(own, dict(sorted(texts.items())))

    def closure(self, name: str) -> list[str]:
        """Return `name` and every source that it imports, directly or not, sorted."""
        seen: set[str] = set()
        pending = [name]
        while pending:
            current = pending.pop()
            if current not in seen:
                seen.add(current)
                pending += imports_of(current, self.texts[current])
        return sorted(seen)

    def digest(self, name: str) -> str:
        """Return the SHA-256 over the names and texts of all sources that `name` is made of.

        Each name and each text enters as its own SHA-256, so no boundary can shift.
        """
        whole = hashlib.sha256()
        for source in self.closure(name):
            whole.update(hashlib.sha256(source.encode()).digest())
            whole.update(hashlib.sha256(self.texts[source].encode()).digest())
        return whole.hexdigest()
