"""Faults of every kind, at moments that a seed gives: after each of them, every raw row is in exactly one place.

The seed is printed with the tally; METERBRIDGE_SEED repeats it, for one kind too.
"""

import random

import pytest
from faults import (  # noqa: F401 they register their injectors
    bill_runs,
    billing,
    commits,
    content,
    damage,
    database,
    deliveries,
    kills,
    machines,
    pages,
    quantities,
    uploads,
)
from faults.kinds import BILL_RUNS, KINDS, REGISTERED
from faults.oracle import judge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("injector", REGISTERED, ids=lambda each: each.name)
def test_after_every_fault_nothing_is_lost_and_nothing_double(injector, world, seed, tally):
    chance = random.Random(f"{seed} {injector.name}")  # noqa: S311 moments, not secrets
    number = 0
    for number, firm in enumerate(injector.inject(chance, world, injector.times), start=1):
        found = judge(firm)
        counted = {"injected": 1, "lost": found.lost, "double": found.double}
        tally.update({(injector.kind, name): count for name, count in counted.items()})
        assert found.sound, f"METERBRIDGE_SEED={seed}: {injector.name}, fault {number}: {found}"
    assert number, f"{injector.name} injected nothing"


def test_a_thousand_faults_were_injected_and_did_no_damage(tally, request):
    if len(request.session.items) < len(REGISTERED):
        pytest.skip("only some kinds were asked for")
    totals = {figure: sum(tally[kind, figure] for kind in KINDS) for figure in ("injected", "lost", "double")}
    assert totals["injected"] >= 1000
    assert sum(tally[kind, "injected"] for kind in BILL_RUNS) >= 200
    assert (totals["lost"], totals["double"]) == (0, 0)
