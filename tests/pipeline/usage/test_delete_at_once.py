"""Deletions that race bill runs, loads and one another: whichever comes first, the store is consistent."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

from at_once import at_once
from uploaded_usage import uploaded

from pipeline.store import ledger
from pipeline.usage.change import ChangeRefusedError, change
from pipeline.usage.delete import DeleteRefusedError, Selection, delete
from transforms.quantities.reconcile import check

TRIES = 40


def _at_once(seed, *attempts):
    """Run functions in threads of their own, in an order and with a delay that the seed decides."""
    chance = random.Random(seed)  # noqa: S311 replayable chance, no secret

    def after(delay, attempt):
        threading.Event().wait(delay)
        return attempt()

    delays = [chance.choice([0, 0.005, 0.02, 0.05]) for _ in attempts]
    return at_once(*(partial(after, *pair) for pair in zip(delays, attempts, strict=True)))


def _deleted(store, **selection):
    """Delete; the records that went, none where that was refused."""
    try:
        return delete(store, Selection(**selection), by="ann", reason="a race", dry_run=False).records
    except DeleteRefusedError:
        return ()


def _totals(store):
    """Count active records by status, tombstones, altered records, and records that are billed and deleted."""
    with store.begin() as connection:
        one = connection.exec_driver_sql(
            "SELECT count(*) FILTER (WHERE status = 'Processed'), count(*) FILTER (WHERE status = 'Pending'), "
            "(SELECT count(*) FROM usage_changes WHERE action = 'delete'), (SELECT sum(altered_count) FROM imports), "
            "(SELECT count(*) FROM rated_usage JOIN usage_changes USING (record_id)), "
            "(SELECT coalesce(sum(amount), 0) FROM rated_items) "
            "FROM usage_records WHERE superseded_by IS NULL"
        ).one()
        return tuple(one)


def test_a_deletion_that_races_a_bill_run_takes_all_or_nothing(business, march):
    business.bill(march)
    business.rate()
    outcomes = set()
    for seed in range(TRIES):
        billed, pending, buried, altered, _, money = _totals(business.store)
        assert pending == 0
        batch, _ = uploaded(business.store, {"quantity": Decimal(4)}, {"quantity": Decimal(8)}, file_name=f"{seed}.csv")
        gone, run = _at_once(seed, lambda batch=batch: _deleted(business.store, import_id=batch), business.rate)
        outcomes.add(len(gone))
        went, taken, amount = (2, 0, 0) if gone else (0, 2, 3)  # 12 kWh at 0.25
        assert run.records == taken, seed
        expected = (billed + taken, 0, buried + went, altered + went, 0, money + amount)
        assert _totals(business.store) == expected, seed
    assert outcomes == {0, 2}, "the seeds must let both come first"


def test_of_two_deletions_of_one_record_at_once_one_deletes_it(business):
    for seed in range(10):
        _, (number,) = uploaded(business.store, {}, file_name=f"{seed}.csv")
        gone = _at_once(seed, *[lambda number=number: _deleted(business.store, record_ids=[number])] * 3)
        assert sorted(gone) == [(), (), (number,)], seed


def test_deletions_that_cross_one_another_wait_and_none_is_lost(business):
    for seed in range(10):
        batches = [uploaded(business.store, {}, {"period": "2025-04"}, file_name=f"{seed}-{n}.csv") for n in (1, 2)]
        first, second = (numbers for _, numbers in batches)
        crossed = ([first[0], second[1]], [second[0], first[1]])
        gone = _at_once(seed, *[lambda ids=ids: _deleted(business.store, record_ids=ids) for ids in crossed])
        assert sorted(gone) == sorted(tuple(sorted(ids)) for ids in crossed), seed


def test_the_ledger_adds_up_at_every_moment_while_records_are_deleted_and_loaded_again(business, march):
    business.bill(march)
    paths = business.prepare()
    done = threading.Event()

    def watch():
        seen = 0
        while not done.is_set() or not seen:
            with business.store.begin() as connection:
                for each in ledger.all_ledgers(connection):
                    check(each)
            seen += 1
        return seen

    def disturb():
        for _ in range(10):
            (number,) = business.rows("usage_records WHERE superseded_by IS NULL", "record_id")
            assert _deleted(business.store, record_ids=[number]) == (number,)
            assert business.load(*paths).outcome == "created"
        done.set()

    with ThreadPoolExecutor(2) as pool:
        watching, disturbing = pool.submit(watch), pool.submit(disturb)
        try:
            disturbing.result()
        finally:
            done.set()
        assert watching.result() > 0
    assert business.ledger() == (3, {("pending", ""): 3})


def test_a_deletion_that_races_a_load_leaves_one_active_record_or_its_tombstone(business, march):
    business.bill(march)
    for seed in range(5):
        business.count_in(str(seed + 2))
        paths = business.prepare()
        (number,) = business.rows("usage_records WHERE superseded_by IS NULL", "record_id")
        gone, loaded = _at_once(
            seed,
            lambda number=number: _deleted(business.store, record_ids=[number]),
            lambda paths=paths: business.load(*paths),
        )
        assert gone in {(), (number,)}
        assert loaded.outcome == "created"
        assert business.quantities() == [("C-1", "2025-03", Decimal("6.5") * (seed + 2), 3)], seed
        assert business.ledger() == (3, {("pending", ""): 3})


def test_a_change_that_races_a_bill_run_is_billed_or_refused(business, march):
    business.bill(march)
    business.rate()
    outcomes = set()

    def changed(number):
        try:
            change(business.store, business.catalog, number, {"Quantity": "8"}, by="ann", reason="a race")
        except ChangeRefusedError:
            return Decimal(4)
        return Decimal(8)

    for seed in range(10):
        _, (number,) = uploaded(business.store, {"quantity": Decimal(4)}, file_name=f"{seed}.csv")
        quantity, run = _at_once(seed, lambda number=number: changed(number), business.rate)
        outcomes.add(quantity)
        assert run.amounts == {"EUR": quantity / 4}, seed
        assert business.rows(f"usage_records WHERE record_id = {number}", "quantity", "status") == [
            (quantity, "Processed")
        ]
    assert outcomes == {4, 8}, "the seeds must let both come first"
