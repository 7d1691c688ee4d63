"""Templates, languages and links: everything that a page needs beside its figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.web import formats

FOLDER = Path(__file__).parent
LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "简体中文"}
TAGS: Mapping[str, str] = {"en": "en", "zh": "zh-Hans"}
"""Language tags as HTML and HTTP write them."""

STRINGS: Mapping[str, Mapping[str, str]] = {
    language: json.loads((FOLDER / "strings" / f"{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES
}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("money", "percent", "rate", "basis_points", "day", "minute", "short", "full", "iso")
    environment.filters |= {name: getattr(formats, name) for name in names}
    return environment


ENVIRONMENT = _environment()


def negotiate(header: str) -> str:
    """Return the language that ``Accept-Language`` likes best of ours; English otherwise."""
    wanted = []
    for position, item in enumerate(header[:200].split(",")):
        tag, _, weight = item.partition(";q=")
        try:
            quality = float(weight or 1)
        except ValueError:
            quality = 0.0
        wanted.append((-quality, position, tag.strip()[:2].lower()))
    return next((tag for _, _, tag in sorted(wanted) if tag in LANGUAGES), "en")


class Page:
    """One page in one language: the address says which, else the browser's wish."""

    def __init__(self, request: Request) -> None:
        self._request = request
        chosen = request.query_params.get("lang")
        self.chosen = chosen if chosen in LANGUAGES else None
        self.language = self.chosen or negotiate(request.headers.get("accept-language", ""))

    def text(self, key: str, /, **values: object) -> str:
        """Return a string in the page's language."""
        return STRINGS[self.language][key].format(**values)

    def named(self, group: str, name: str) -> str:
        """Return what ``name`` is called in the page's language; itself if it has no other name."""
        return STRINGS[self.language].get(f"{group}.{name}", name)

    def url(self, path: str, **parameters: object) -> str:
        """Return a link that keeps the chosen language; parameters that are ``None`` fall away."""
        kept = {name: value for name, value in parameters.items() if value is not None}
        if self.chosen:
            kept["lang"] = self.chosen
        return f"{path}?{urlencode(kept)}" if kept else path

    def translations(self) -> list[tuple[str, str, str, bool]]:
        """Return (tag, name, link, whether it is this one) of this page in every language."""
        url = self._request.url
        return [
            (TAGS[code], name, _address(url.include_query_params(lang=code)), code == self.language)
            for code, name in LANGUAGES.items()
        ]

    def render(self, template: str, /, status: int = 200, **context: Any) -> Response:
        """Return the page as a response."""
        html = ENVIRONMENT.get_template(template).render(
            page=self,
            t=self.text,
            url=self.url,
            tag=TAGS[self.language],
            path=self._request.url.path,
            **context,
        )
        headers = {"Content-Language": TAGS[self.language], "Vary": "Accept-Language"}
        return HTMLResponse(html, status_code=status, headers=headers)


def _address(url: Any) -> str:
    return f"{url.path}?{url.query}"
