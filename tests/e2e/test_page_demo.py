"""The demonstration's own portfolio, served by the command that people type."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from tests.cli import start

READY = re.compile(r"Serving (http://\S+)")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = start(["demo", "--serve", "--port", 0, "--json"], tmp_path_factory.mktemp("demo"))
    try:
        yield served_at(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def served_at(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if ready := READY.search(line):
            return ready[1]
    raise AssertionError("".join(said))


def read(url: str) -> Any:
    with urlopen(url, timeout=30) as response:
        return json.load(response)


@pytest.mark.slow
def test_demo__served__every_loan_adds_up_and_is_reconciled(url: str) -> None:
    loans = read(f"{url}/v1/loans?limit=200")["items"]
    assert len(loans) >= 8
    assert {"repaid", "active", "defaulted", "cancelled"} <= {loan["status"] for loan in loans}
    for loan in loans:
        path = f"{url}/v1/loans/{loan['id']}"
        schedule, history = read(f"{path}/schedule"), read(f"{path}/history?limit=200")["items"]
        paid = [line["amounts"] for line in history if line["event"] in ("Repaid", "Prepaid")]
        for bucket in ("fee", "penalty", "interest", "principal"):
            total = sum(int(amounts.get(bucket, "0")) for amounts in paid)
            assert int(schedule["paid"][bucket]) == total, (loan["number"], bucket)
        assert history[-1]["head"] == read(path)["loan"]["head"]
        with urlopen(f"{url}/loans/{loan['id']}?lang=zh", timeout=30) as response:
            assert "还款计划" in response.read().decode()
    assert read(f"{url}/v1/trial-balance")["balanced"] is True
    assert read(f"{url}/v1/reconciliation")["latest"]["ok"] is True
    ready = read(f"{url}/readyz")
    assert ready["lag"] == 0
    assert ready["reconciled_block"] == ready["block"]["number"]
