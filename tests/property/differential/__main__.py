"""Run random histories: ``python -m tests.property.differential --n 20000 --seed 1``.

Histories of EPISODE operations run one after another, each from a seed of its own, so that a
failing one runs again alone. The last line printed is one JSON object; exit 1 on a failure.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections import Counter

from tests.property.differential.calls import play
from tests.property.differential.driver import History
from tests.property.differential.replay import check_replay
from tests.property.differential.source import Seeded

EPISODE = 250
REPLAYED = 20
"""One history in so many is rebuilt from its logs too, which takes as long as playing it."""


def run(seed: int, operations: int) -> History:
    """Play one history to its end; raises at the first difference."""
    history, source = History(), Seeded(seed)
    while history.operations < operations:
        play(history, source)
    history.compare_all()
    return history


def campaign(count: int, seed: int) -> dict[str, object]:
    """Run histories until ``count`` operations are done; print progress and failures."""
    started, done, replayed = time.monotonic(), 0, 0
    failures: list[int] = []
    calls: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for number in range(-(-count // EPISODE)):
        own, size = seed + number, min(EPISODE, count - done)
        try:
            history = run(own, size)
            if number % REPLAYED == 0:
                check_replay(history)
                replayed += 1
            calls += history.done
            refused += history.refused
        except Exception:
            traceback.print_exc()
            failures.append(own)
            print(f"again: python -m tests.property.differential --n {size} --seed {own}")
        done += size
        if sys.stderr.isatty() or number % 20 == 19:
            print(f"{done} of {count} operations, {len(failures)} failures", flush=True)
    seconds = time.monotonic() - started
    return {
        "target": "differential",
        "n": done,
        "seed": seed,
        "failures": len(failures),
        "seconds": round(seconds, 1),
        "operations_per_second": round(done / seconds),
        "accepted": sum(calls.values()),
        "refused": sum(refused.values()),
        "replayed_histories": replayed,
        "calls": dict(sorted(calls.items())),
        "errors": dict(sorted(refused.items())),
        "failed_seeds": failures,
    }


def main() -> int:
    """Read N and SEED, run, print the figures."""
    parser = argparse.ArgumentParser(description="random histories, contract against model")
    parser.add_argument("--n", type=int, default=20_000, help="operations")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first history")
    options = parser.parse_args()
    if options.n < 1:
        parser.error(f"--n {options.n}: at least one operation")
    figures = campaign(options.n, options.seed)
    print(json.dumps(figures))
    return 1 if figures["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
