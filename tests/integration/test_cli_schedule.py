"""``loanbook schedule``: documents in, schedules out in kind."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli import run, run_apart

TERMS = {
    "principal": 120000,
    "annual_rate": "0.12",
    "periods": 3,
    "value_date": "2026-01-15",
    "method": "annuity",
}


@pytest.fixture
def terms(tmp_path: Path) -> Any:
    path = tmp_path / "terms.json"

    def write(document: object) -> Path:
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def test_schedule__one_document__answers_one_object(terms: Any) -> None:
    answer = run("schedule", terms(TERMS), "--json")
    assert answer.code == 0
    assert [row["total"] for row in answer.json["rows"]] == ["40803", "40803", "40802"]
    assert answer.json["totals"]["total"] == "122408"
    assert answer.json["schedule_hash"].startswith("0x")
    assert answer.json["irr_annual"] == "0.128691"
    assert answer.json["loan"]["principal"] == "120000"


def test_schedule__a_list__answers_a_list(terms: Any) -> None:
    answer = run("schedule", terms([TERMS]), "--json")
    assert answer.code == 0
    assert [len(item["rows"]) for item in answer.json] == [3]


def test_schedule__json_lines_on_standard_input__answers_json_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = json.dumps(TERMS) + "\n\n" + json.dumps(TERMS | {"periods": 2}) + "\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    answer = run("schedule", "-", "--json")
    assert answer.code == 0
    assert [len(json.loads(line)["rows"]) for line in answer.out.splitlines()] == [3, 2]


def test_schedule__for_people__shows_rows_and_cost(terms: Any) -> None:
    answer = run("schedule", terms(TERMS))
    assert answer.code == 0
    for text in ("还款日", "40,803", "122,408", "12.8691%", "Schedule hash: 0x"):
        assert text in answer.out


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (TERMS | {"principal": 0}, "principal: must be between 1"),
        (TERMS | {"annual_rate": "much"}, "annual_rate"),
        (TERMS | {"annual_rate": 0.12}, "annual_rate"),
        (TERMS | {"periods": 0}, "periods"),
        (TERMS | {"colour": "red"}, "colour"),
        ([TERMS, TERMS | {"method": "magic"}], "(document 2)"),
        ([], "empty list"),
        ("{", "is no JSON"),
        ('{"principal": 1, "principal": 2}', "repeats principal"),
        ('{"principal": 1}\n{"principal": }', "line 2"),
        ("[" * 100_000, "is no JSON"),
        ("9" * 5_000, "is no JSON"),
        ("3", "terms"),
    ],
)
def test_schedule__bad_terms__says_what_and_exits_2(
    terms: Any, document: object, message: str
) -> None:
    answer = run("schedule", terms(document), "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_schedule__no_such_file__names_it(tmp_path: Path) -> None:
    answer = run("schedule", tmp_path / "none.json")
    assert answer.code == 2
    assert "none.json" in answer.err


def test_loanbook__unknown_command__is_wrong_use() -> None:
    answer = run("borrow")
    assert answer.code == 2
    assert answer.out == ""
    assert "borrow" in answer.err


def test_schedule__streams_that_know_ascii_only__escape_the_rest(
    terms: Any, tmp_path: Path
) -> None:
    answer = run_apart(("schedule", terms(TERMS)), tmp_path, {"PYTHONIOENCODING": "ascii"})
    assert answer.code == 0, answer.err
    assert "\\u672c\\u91d1" in answer.out
