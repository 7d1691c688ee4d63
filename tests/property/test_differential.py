"""The contract and the model agree on every integer and every refusal, over random histories.

`python -m tests.property.differential --n 20000 --seed 1` runs as many as wanted.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.property.differential.__main__ import EPISODE, run
from tests.property.differential.calls import CALLS
from tests.property.differential.driver import History
from tests.property.differential.replay import check_replay
from tests.property.differential.source import Drawn

SEEDS = range(1, 7)
FAILED: tuple[tuple[int, int], ...] = ()
"""Seeds (with the operations of their history) that once found a difference: kept for good."""


@pytest.mark.parametrize("seed", SEEDS)
def test_history__seeded__contract_and_model_agree(seed: int) -> None:
    history = run(seed, EPISODE)
    assert history.operations >= EPISODE


def test_history__once_failed__stays_repaired() -> None:
    for seed, operations in FAILED:
        run(seed, operations)


@pytest.mark.parametrize("seed", [101, 102])
def test_history__events_alone__rebuild_the_storage(seed: int) -> None:
    check_replay(run(seed, EPISODE // 2))


class Differential(RuleBasedStateMachine):
    """Hypothesis chooses the calls and their parts, and shrinks what fails."""

    @initialize()
    def deploy(self) -> None:
        self.history = History()

    def teardown(self) -> None:
        if hasattr(self, "history"):
            self.history.compare_all()


def _rule(name: str) -> None:
    play = CALLS[name][1]

    def call(self: Differential, data: st.DataObject) -> None:
        play(self.history, Drawn(data))

    setattr(Differential, name, rule(data=st.data())(call))


for _name in CALLS:
    _rule(_name)

TestDifferential = Differential.TestCase
TestDifferential.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
