"""Errors as RFC 9457 problem documents: the one table from our errors to a status."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from ledger.errors import (
    CursorError,
    InputError,
    LoanbookError,
    NodeUnreachable,
    NotReady,
    StoreBusy,
    StoreError,
    UnknownRecord,
)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. ``advice`` stands in for messages that are the operator's alone."""

    code: str
    status: HTTPStatus
    title: str
    advice: str = ""


INTERNAL = Kind(
    "internal",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something went wrong here",
    "The operator's log says what; nothing was changed.",
)
PARAMETER = Kind("parameter", HTTPStatus.UNPROCESSABLE_ENTITY, "A parameter is not usable")
METHOD = Kind("method", HTTPStatus.METHOD_NOT_ALLOWED, "Not possible here")
UNKNOWN = Kind("unknown", HTTPStatus.NOT_FOUND, "Not in the book")

KINDS: Mapping[type[LoanbookError], Kind] = {
    UnknownRecord: UNKNOWN,
    CursorError: Kind("cursor", HTTPStatus.UNPROCESSABLE_ENTITY, "Not a cursor of this list"),
    InputError: Kind("input", HTTPStatus.UNPROCESSABLE_ENTITY, "Not accepted"),
    NotReady: Kind("not-ready", HTTPStatus.SERVICE_UNAVAILABLE, "Not ready"),
    NodeUnreachable: Kind(
        "chain",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The chain does not answer",
        "The node cannot be reached now: try again later.",
    ),
    StoreBusy: Kind(
        "busy",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database is busy",
        "Another process holds the database's lock: try again shortly.",
    ),
    StoreError: Kind(
        "store",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database cannot be used",
        "The operator's log says why.",
    ),
    LoanbookError: INTERNAL,
}
"""The most specific class counts."""

ALL_KINDS = frozenset({*KINDS.values(), PARAMETER, METHOD})


class FieldProblem(BaseModel):
    """What is wrong with one parameter."""

    field: str
    problem: str


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    retry: bool = False
    errors: list[FieldProblem] = []


def kind_of(error: LoanbookError) -> Kind:
    """Return the row of the table for an error."""
    return next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)


def problem_of(
    instance: str, kind: Kind, detail: str, *, retry: bool = False, errors: Sequence[Any] = ()
) -> Problem:
    """Return the document for one problem at the path ``instance``."""
    return Problem(
        type=f"/docs#problem-{kind.code}" if kind in ALL_KINDS else "about:blank",
        title=kind.title,
        status=kind.status,
        detail=kind.advice or detail,
        instance=instance,
        retry=retry,
        errors=[FieldProblem(**error) for error in errors],
    )


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem document as a response."""
    extra = {"Retry-After": RETRY_SECONDS} if problem.retry else {}
    return JSONResponse(
        problem.model_dump(exclude_defaults=True),
        status_code=problem.status,
        headers={**extra, **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def from_loanbook(request: Request, error: LoanbookError) -> Problem:
    """Return the problem that one of our errors is."""
    kind = kind_of(error)
    if error.retry:
        log.warning("%s %s: %s", request.method, request.url.path, error)
    elif kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s", request.method, request.url.path, exc_info=error)
    return problem_of(request.url.path, kind, str(error), retry=error.retry)


def from_validation(request: Request, error: RequestValidationError) -> Problem:
    """Return the problem with the parameters of a request, each named."""
    errors = [
        {"field": ".".join(map(str, item["loc"])), "problem": item["msg"].removeprefix(_PREFIX)}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['problem']}" for item in errors)
    return problem_of(request.url.path, PARAMETER, detail, errors=errors)


_PREFIX = "Value error, "


def from_http(request: Request, error: HTTPException) -> Problem:
    """Return the problem of a request that no route answers."""
    path, status = request.url.path, HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        detail = "there is nothing at this address: /docs lists what there is"
        return problem_of(path, UNKNOWN, detail)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return problem_of(path, METHOD, f"{request.method} is not possible here")
    return problem_of(path, Kind("", status, status.phrase), str(error.detail))


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem, as the page where a browser asks for it."""

    def show(request: Request, problem: Problem, headers: Mapping[str, str] | None) -> Response:
        page: Response | None = app.state.problem_page(request, problem)
        return page or respond(problem, headers)

    def loanbook(request: Request, error: Exception) -> Response:
        assert isinstance(error, LoanbookError)
        return show(request, from_loanbook(request, error), None)

    def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return show(request, from_validation(request, error), None)

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return show(request, from_http(request, error), error.headers)

    app.add_exception_handler(LoanbookError, loanbook)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
