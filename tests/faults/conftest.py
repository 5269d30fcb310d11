"""What every fault shares: the seed, the tally, and its report when all is over."""

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from faults.kinds import BILL_RUNS, KINDS
from faults.stores import Stores
from faults.world import World

WISHED = os.environ.get("METERBRIDGE_SEED", "2030902383")  # one seed for everybody, until somebody wishes for another
SEED = random.SystemRandom().randrange(2**32) if WISHED == "random" else int(WISHED)
TALLY: Counter[tuple[int, str]] = Counter()


@pytest.fixture(scope="module")
def whole_world(server, template, tmp_path_factory) -> Iterator[World]:
    made = World(Stores(server, template), tmp_path_factory.mktemp("world"), SEED)
    yield made
    made.close()


@pytest.fixture
def world(whole_world, judged_once) -> Iterator[World]:  # noqa: ARG001 a fixture for its effect
    yield whole_world
    whole_world.forget()


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED


@pytest.fixture(scope="session")
def tally() -> Counter[tuple[int, str]]:
    return TALLY


def pytest_terminal_summary(terminalreporter) -> None:
    if TALLY:
        terminalreporter.section("faults")
        for line in report(TALLY):
            terminalreporter.write_line(line)


def report(tally) -> list[str]:
    lines = [f"METERBRIDGE_SEED={SEED} repeats them"]
    for kind, what in KINDS.items():
        counts = [tally[kind, figure] for figure in ("injected", "lost", "double")]
        lines.append(f"{kind:2} {what:55} {counts[0]:5} injected {counts[1]:3} lost {counts[2]:3} double")
    return [*lines, _sum(tally, "of bill runs", BILL_RUNS), _sum(tally, "together", KINDS)]


def _sum(tally, what, kinds) -> str:
    totals = [sum(tally[kind, figure] for kind in kinds) for figure in ("injected", "lost", "double")]
    return f"{what:58} {totals[0]:5} injected {totals[1]:3} lost {totals[2]:3} double"
