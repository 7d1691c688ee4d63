"""The HTTP application: reading routes of /v1, probes, and the page."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles

from api import problems
from api.deps import CODE_VERSION
from api.guard import Guard
from api.routes import book, health, loans
from api.web import pages
from api.web.render import FOLDER
from ledger.core.types import BlockRef
from ledger.store import Store

STATIC = FOLDER / "static"
MAX_LAG = 100
"""Blocks that the mirror may be behind the chain before /readyz says so."""

DESCRIPTION = (
    "A loan book that anyone can check. Reading needs no key and shows no personal data. "
    "Every answer names the block it stands on and whether that is final. Amounts are decimal "
    "strings of minor units."
)


def create_app(
    store: Store, *, head: Callable[[], BlockRef] | None = None, max_lag: int = MAX_LAG
) -> FastAPI:
    """Return the application over an open store, which the caller closes.

    ``head`` asks the chain for its newest block, from any thread; without it /readyz does not
    say how far the mirror is behind. ``max_lag`` is in blocks.
    """
    app = FastAPI(
        title="Loanbook",
        version=CODE_VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_problem_responses(404, 422, 503),
    )
    app.state.store, app.state.head, app.state.max_lag = store, head, max_lag
    app.state.problem_page = pages.problem_page
    app.add_middleware(Guard)
    problems.install(app)
    app.include_router(book.router, prefix="/v1")
    app.include_router(loans.router, prefix="/v1")
    app.include_router(health.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _describe(app)
    return app


def _problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": "Problem", "content": content} for status in statuses}


def _describe(app: FastAPI) -> None:
    """Put the problem document into the schema, where no route's model would bring it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            reference = "#/components/schemas/{model}"
            problem = problems.Problem.model_json_schema(ref_template=reference)
            components = schema["components"]["schemas"]
            components |= problem.pop("$defs") | {"Problem": problem}
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents
