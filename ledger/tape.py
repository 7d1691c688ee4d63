"""Reading a loan tape: one CSV row a loan, as terms, a schedule and labels.

A tape is text lines with a header; a profile says which columns mean what. A bad row becomes a
``RowError`` in its place and the rows after it are read on. Labels are columns that describe
the loan and no person: income, address or employment of a borrower are never taken over.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ledger.core.reading import read_amount, read_date, read_rate, shown
from ledger.core.rounding import RoundingMode
from ledger.core.schedule import Schedule, schedule
from ledger.core.terms import Method, Rounding, Terms
from ledger.core.terms_json import parse_terms
from ledger.errors import RowError, TapeError, TermsError

Cells = Mapping[str, str]
_LABEL = "label_"
_MONEY = re.compile(r"([0-9]{1,24})(?:\.([0-9]{1,2}))?")
_INTEGER = re.compile(r"[0-9]{1,6}")
_TERM = re.compile(r"([0-9]{1,4})(?:\.0)?(?: months)?")
_MONTH = re.compile(r"([A-Z][a-z]{2})-([0-9]{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class TapeLoan:
    """One loan of a tape.

    ``row`` is its line in the file, ``external_id`` its id there, ``labels`` public
    descriptions such as grade and purpose; ``quoted_instalment`` is the level instalment that
    the tape states, in minor units, ``None`` where it states none.
    """

    row: int
    external_id: str
    schedule: Schedule
    labels: Mapping[str, str]
    quoted_instalment: int | None

    @property
    def agrees(self) -> bool | None:
        """Whether the first instalment is what the tape quotes; ``None`` without a quote."""
        if self.quoted_instalment is None:
            return None
        return self.schedule.rows[0].total == self.quoted_instalment


@dataclass(frozen=True, slots=True)
class Profile:
    """How a kind of tape is read.

    ``columns`` maps our names to the column names in use for them; those in ``optional`` may be
    absent, and so may ``labels``. ``terms`` and ``instalment`` read a row's cells by our names,
    empty cells left out. A ``strict`` profile refuses columns that it does not know unless they
    start with ``label_``.
    """

    columns: Mapping[str, tuple[str, ...]]
    terms: Callable[[Cells], Terms]
    instalment: Callable[[str, str], int]
    labels: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset({"instalment"})
    strict: bool = False


def read_tape(lines: Iterable[str], profile: str) -> Iterator[TapeLoan | RowError]:
    """Return the loans of a tape in order, each bad row as a ``RowError`` in its place.

    Raises ``TapeError`` at once for an unknown profile and for a header that lacks or repeats
    a column. Blank lines are skipped; a row whose id came before is a bad row.
    """
    if profile not in PROFILES:
        raise TapeError(f"no tape profile {shown(profile)}; there are {', '.join(PROFILES)}")
    records = _records(lines)
    _, header = next(records, (0, []))
    if isinstance(header, csv.Error):
        raise TapeError(f"the header line is no CSV: {header}")
    names = _names([name.strip().removeprefix("\ufeff") for name in header], profile)
    return _loans(records, names, PROFILES[profile])


def _records(lines: Iterable[str]) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Yield each record that is not blank, or why it is none, with the line it ends on."""
    reader = csv.reader(lines, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, error
        else:
            if cells:
                yield reader.line_num, cells


def _names(header: list[str], name: str) -> list[str]:
    """Return our name for every column, ``label_…`` for a label, or "" for one not read."""
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated:
        raise TapeError(f"the header repeats column {', '.join(map(shown, repeated))}")
    profile = PROFILES[name]
    ours = {}
    for our, columns in profile.columns.items():
        found = [column for column in columns if column in header]
        if found:
            ours[found[0]] = our
        elif our not in profile.optional:
            problem = f"the header lacks column {' or '.join(columns)}"
            raise TapeError(f"{problem}, which profile {name} needs")
    for column in header:
        if column in profile.labels or (profile.strict and column.startswith(_LABEL)):
            ours[column] = _LABEL + column.removeprefix(_LABEL)
        elif profile.strict and column not in ours:
            problem = f"profile {name} does not know column {shown(column)}"
            raise TapeError(f"{problem}; start a column of your own with {_LABEL}")
    return [ours.get(column, "") for column in header]


def _loans(
    records: Iterator[tuple[int, list[str] | csv.Error]], names: list[str], profile: Profile
) -> Iterator[TapeLoan | RowError]:
    rows: dict[str, int] = {}
    for row, cells in records:
        if isinstance(cells, csv.Error):
            yield RowError(row, "row", f"is no CSV: {cells}")
            continue
        try:
            loan = _loan(row, names, cells, profile)
            if loan.external_id in rows:
                first = rows[loan.external_id]
                raise TermsError("id", f"{shown(loan.external_id)} is already that of row {first}")
        except TermsError as error:
            yield RowError(row, error.field, error.problem)
            continue
        rows[loan.external_id] = row
        yield loan


def _loan(row: int, names: list[str], cells: list[str], profile: Profile) -> TapeLoan:
    if len(cells) != len(names):
        raise TermsError("row", f"has {len(cells)} cells where the header has {len(names)}")
    stripped = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    values = {name: cell for name, cell in stripped.items() if name and cell}
    for name in profile.columns:
        if name not in values and name not in profile.optional:
            raise TermsError(name, "is empty")
    labels = {
        name.removeprefix(_LABEL): values.pop(name) for name in [*values] if name.startswith(_LABEL)
    }
    external_id = values.pop("id")
    quoted = values.pop("instalment", None)
    return TapeLoan(
        row=row,
        external_id=external_id,
        schedule=schedule(profile.terms(values)),
        labels=labels,
        quoted_instalment=None if quoted is None else profile.instalment("instalment", quoted),
    )


def _cents(name: str, text: str) -> int:
    """Return an amount in units with at most two decimals as minor units."""
    match = _MONEY.fullmatch(text)
    if match is None:
        raise TermsError(name, f"must be an amount with at most two decimals, got {shown(text)}")
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def _months(name: str, text: str) -> int:
    match = _TERM.fullmatch(text)
    if match is None:
        raise TermsError(name, f"must be a number of months, got {shown(text)}")
    return int(match[1])


def _month_start(name: str, text: str) -> date:
    """Return the first day of a month written ``Jan-2018``."""
    match = _MONTH.fullmatch(text)
    if match is None or match[1] not in _MONTHS or match[2] == "0000":
        raise TermsError(name, f"must be a month such as Jan-2018, got {shown(text)}")
    return date(int(match[2]), _MONTHS.index(match[1]) + 1, 1)


def _monthly_annuity(
    cells: Cells, rate: Fraction, value_date: date, instalment: RoundingMode
) -> Terms:
    return Terms(
        principal=_cents("principal", cells["principal"]),
        annual_rate=rate,
        periods=_months("periods", cells["periods"]),
        value_date=value_date,
        method=Method.ANNUITY,
        rounding=Rounding(instalment=instalment),
        timezone="UTC",
    )


def _lendingclub(cells: Cells) -> Terms:
    """Annuity whose level payment is rounded up to the cent; of the date only the month is told."""
    percent = read_rate("annual_rate", cells["annual_rate"].removesuffix("%"))
    value_date = _month_start("value_date", cells["value_date"])
    return _monthly_annuity(cells, percent / 100, value_date, RoundingMode.UP)


def _prosper(cells: Cells) -> Terms:
    """Annuity whose level payment is rounded to the nearest cent; the rate is a fraction."""
    rate = read_rate("annual_rate", cells["annual_rate"])
    value_date = read_date("value_date", cells["value_date"].removesuffix(" 00:00:00"))
    return _monthly_annuity(cells, rate, value_date, RoundingMode.HALF_UP)


def _generic(cells: Cells) -> Terms:
    """Read the terms document, flat: amounts in minor units, empty cells left out."""
    document: dict[str, object] = {}
    rounding: dict[str, str] = {}
    for name, text in cells.items():
        if name.startswith("rounding."):
            rounding[name.removeprefix("rounding.")] = text
        elif name.endswith("periods"):
            if not _INTEGER.fullmatch(text):
                raise TermsError(name, f"must be an integer, got {shown(text)}")
            document[name] = int(text)
        else:
            document[name] = text
    return parse_terms({**document, "rounding": rounding})


_GENERIC_REQUIRED = ("id", "principal", "annual_rate", "periods", "value_date", "method")
_GENERIC_OPTIONAL = (
    "instalment",
    "frequency",
    "first_due",
    "day_count",
    "rounding.interest",
    "rounding.instalment",
    "principal_free_periods",
    "interest_deferred_periods",
    "instalment_multiple",
    "fee_per_period",
    "timezone",
    "level_adjustment",
    "amortisation_periods",
)

PROFILES: Mapping[str, Profile] = {
    "lendingclub": Profile(
        columns={
            "id": ("id",),
            "principal": ("loan_amount", "loan_amnt"),
            "annual_rate": ("interest_rate", "int_rate"),
            "periods": ("term",),
            "value_date": ("issue_month", "issue_d"),
            "instalment": ("installment",),
        },
        terms=_lendingclub,
        instalment=_cents,
        labels=("grade", "sub_grade", "loan_purpose", "purpose", "loan_status"),
    ),
    "prosper": Profile(
        columns={
            "id": ("LoanNumber",),
            "principal": ("LoanOriginalAmount",),
            "annual_rate": ("BorrowerRate",),
            "periods": ("Term",),
            "value_date": ("LoanOriginationDate",),
            "instalment": ("MonthlyLoanPayment",),
        },
        terms=_prosper,
        instalment=_cents,
        labels=("CreditGrade", "ProsperRating (Alpha)", "LoanStatus"),
    ),
    "generic": Profile(
        columns={name: (name,) for name in (*_GENERIC_REQUIRED, *_GENERIC_OPTIONAL)},
        terms=_generic,
        instalment=read_amount,
        optional=frozenset(_GENERIC_OPTIONAL),
        strict=True,
    ),
}
