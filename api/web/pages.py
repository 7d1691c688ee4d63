"""The pages: loans, one loan, trial balance, reconciliation, the API's reference."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from api import present
from api.deps import LoanIdPath, Read, Snapshot
from api.problems import ALL_KINDS, Problem
from api.routes.book import balance, compared, describe
from api.routes.loans import LoanFilter, account_of, find_loans, loan_events
from api.schemas.loans import LoanStatus
from api.totals import totals_at
from api.web import tables
from api.web.reference import reference
from api.web.render import Page
from ledger.core.types import Address, LoanId

router = APIRouter(include_in_schema=False)

LOANS_ON_A_PAGE = 25
EVENTS_ON_A_PAGE = 100
ACCOUNTS_ON_A_PAGE = 200
LOAN_ID_LENGTH = 66
KEY_FIGURES = ("receivable", "custody", "payable")


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


Optional = BeforeValidator(_blank_is_none)


class LoansQuery(BaseModel):
    """What the address of the list of loans may say; forms send blanks."""

    status: Annotated[LoanStatus | None, Optional] = None
    find: Annotated[str | None, Optional, Field(max_length=LOAN_ID_LENGTH)] = None
    party: Literal["borrower", "holder"] = "holder"
    product: Annotated[str | None, Optional] = None
    after: str | None = None

    def filter(self) -> LoanFilter:
        """Return the filter that the API would take."""
        wanted = {"status": self.status, "product": self.product, "after": self.after}
        if self.find:
            wanted[self.party] = self.find
        given = {name: value for name, value in wanted.items() if value is not None}
        try:
            return LoanFilter(**given, limit=LOANS_ON_A_PAGE)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error


def _standing(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the frame of every page shows."""
    return {
        "block": snapshot.block,
        "run": compared(snapshot).latest,
        "units": tables.units_of(snapshot.view.rules()),
    }


def _show(
    request: Request, read: Read, template: str, build: Callable[[Snapshot], dict[str, Any]]
) -> Response:
    page = Page(request)
    return read.answer(
        lambda snapshot: page.render(template, **_standing(snapshot), **build(snapshot)),
        variant=page.language,
        reconciled=True,
    )


@router.get("/")
def loans(request: Request, read: Read, query: Annotated[LoansQuery, Query()]) -> Response:
    """Show the list of loans; a loan's id in the search field leads to the loan."""
    if query.find and len(query.find) == LOAN_ID_LENGTH:
        return RedirectResponse(Page(request).url(f"/loans/{query.find}"), status_code=303)
    wanted = query.filter()

    def build(snapshot: Snapshot) -> dict[str, Any]:
        units = tables.units_of(snapshot.view.rules())
        totals = totals_at(request.app.state, snapshot)
        found = find_loans(snapshot, wanted)
        accounts = {}
        if wanted.holder is not None:
            for item in found.items:
                loan = snapshot.loan(item.id).loan
                accounts[item.id] = present.holder_of(loan, Address(wanted.holder))
        return {
            "query": query,
            "statuses": list(LoanStatus),
            "loans": found,
            "accounts": accounts,
            "counts": snapshot.standing,
            "figures": {kind: tables.figures(totals, kind, units) for kind in KEY_FIGURES},
        }

    return _show(request, read, "loans.html", build)


class LoanQuery(BaseModel):
    """Where the history on a loan's page begins."""

    after: Annotated[str, Field(pattern="^[0-9]{1,18}$")] | None = None


@router.get("/loans/{loan_id}")
def loan(
    request: Request, read: Read, loan_id: LoanIdPath, query: Annotated[LoanQuery, Query()]
) -> Response:
    """Show one loan: terms, schedule against what was paid, holders, history."""

    def build(snapshot: Snapshot) -> dict[str, Any]:
        view = snapshot.loan(loan_id)
        events = loan_events(snapshot, view.loan.loan_id)
        schedule = account_of(snapshot, view.loan, events)
        lines = tables.row_lines(schedule.instalments)
        shown = events[int(query.after or 0) :][:EVENTS_ON_A_PAGE]
        more = shown and shown[-1].seq < len(events)
        holders = snapshot.view.holders(LoanId(loan_id))
        return {
            "loan": present.loan_detail(view, snapshot.at),
            "value_date": present.loan_date(view.loan.agreement.value_date, 0),
            "schedule": schedule,
            "lines": lines,
            "owed": tables.total_of(line.owed for line in lines),
            "rows_paid": tables.total_of(line.row.paid for line in lines),
            "rows_unpaid": tables.total_of(line.row.unpaid for line in lines),
            "holders": [present.holder(holder) for holder in holders],
            "history": [present.history_line(event) for event in shown],
            "history_next": shown[-1].seq if more else None,
            "history_after": query.after,
            "shown_amounts": tables.shown_amounts,
        }

    return _show(request, read, "loan.html", build)


@router.get("/trial-balance")
def trial_balance(request: Request, read: Read) -> Response:
    """Show the trial balance."""

    def build(snapshot: Snapshot) -> dict[str, Any]:
        found = balance(snapshot)
        return {
            "balance": found,
            "shown": list(found.accounts.items())[:ACCOUNTS_ON_A_PAGE],
            "book": describe(snapshot),
        }

    return _show(request, read, "trial_balance.html", build)


@router.get("/reconciliation")
def reconciliation(request: Request, read: Read) -> Response:
    """Show how the latest reconciliation ended."""
    return _show(
        request, read, "reconciliation.html", lambda snapshot: {"book": describe(snapshot)}
    )


@router.get("/docs")
def docs(request: Request) -> Response:
    """Show the API's reference."""
    page = Page(request)
    kinds = sorted(ALL_KINDS, key=lambda kind: (kind.status, kind.code))
    return page.render("reference.html", reference=reference(request.app.openapi()), kinds=kinds)


def problem_page(request: Request, problem: Problem) -> Response | None:
    """Return the page for an error where a browser asks for a page."""
    is_page = not request.url.path.startswith("/v1/")
    if not is_page or "text/html" not in request.headers.get("accept", ""):
        return None
    return Page(request).render("error.html", status=problem.status, problem=problem)
