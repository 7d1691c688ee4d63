"""The application keeps the promises of its OpenAPI document, for requests good and bad."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, cast

import pytest
import schemathesis
from eth_utils.address import to_checksum_address
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from api.main import create_app
from ledger.store import Store
from tests.portfolio import GOOD_RUN, Portfolio, mirrored, record_run
from tests.simulated_logs import LENDERS

EXAMPLES = int(os.environ.get("API_EXAMPLES", "20"))
DOCUMENT = create_app(cast("Store", None)).openapi()["paths"]
PATHS = sorted(DOCUMENT)
MODES = [
    (path, mode)
    for path in PATHS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or "parameters" in DOCUMENT[path]["get"]
]
schemathesis.openapi.format("eip-55", st.binary(min_size=20, max_size=20).map(to_checksum_address))
quickly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    portfolio = Portfolio()
    portfolio.live()
    return portfolio


@pytest.fixture(scope="module")
def document(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    store, node = mirrored(portfolio, tmp_path_factory.mktemp("book") / "book.db")
    with store:
        record_run(store, GOOD_RUN)
        yield schemathesis.openapi.from_asgi("/openapi.json", create_app(store, head=node.head))


@pytest.mark.parametrize(("path", "mode"), MODES)
def test_operation__any_request__is_answered_as_documented(
    document: Any, path: str, mode: GenerationMode
) -> None:
    @quickly
    @given(document[path]["GET"].as_strategy(mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate()

    check()


@pytest.mark.parametrize("path", [path for path in PATHS if "{" in path])
def test_operation__of_what_is_in_the_book__is_answered_as_documented(
    document: Any, portfolio: Portfolio, path: str
) -> None:
    @quickly
    @given(st.sampled_from(portfolio.loans), st.sampled_from(LENDERS), st.data())
    def check(loan: Any, holder: str, data: st.DataObject) -> None:
        known = {"loan_id": "0x" + loan.id.hex(), "address": holder}
        wanted = {name: value for name, value in known.items() if name in path}
        case = data.draw(document[path]["GET"].as_strategy(path_parameters=wanted))
        case.call_and_validate()

    check()
