"""What protects is left out, and the oracle must see the damage: else the faults would prove nothing."""

import random
import signal

import pytest
from faults.bill_runs import two_batches
from faults.march import IN_ORDER
from faults.oracle import judge
from faults.world import DONE

pytestmark = pytest.mark.slow
ATTEMPTS = 4


def test_a_load_without_an_import_id_counts_twice_when_it_is_killed_and_run_again(world, seed):
    chance = random.Random(f"{seed} no import id")  # noqa: S311 moments, not secrets
    doubled = 0
    for _ in range(ATTEMPTS):
        firm = world.before("load")
        world.stepper.run(firm, "careless_load", at=chance.randint(8, 16))
        assert world.stepper.run(firm, "careless_load")[0] == 0
        doubled += judge(firm).double > 0
    assert doubled >= ATTEMPTS // 2


def test_two_bill_runs_at_once_bill_twice_without_the_lock_and_once_with_it(world):
    for step, bills in (("careless_rate", 2), ("careful_rate", 1)):
        firm = world.before("rate")
        world.stepper.together(firm, step, step)
        found = judge(firm)
        assert (found.double > 0) is (bills == 2), step
        assert len(firm.rows("rated_items", "item_id")) == 3 * bills


def test_a_cancellation_that_forgets_the_usage_or_the_items_is_seen(world):
    for step in ("careless_cancel", "forgetful_cancel"):
        firm = world.before("post")
        assert judge(firm).sound
        assert world.stepper.run(firm, step)[0] == 0
        found = judge(firm)
        assert any("of a bill run that is {'cancelled'}" in each for each in found.wrong), step
        assert (found.lost > 0) is (step == "careless_cancel")  # Processed, and no item says what is due


def test_two_posts_at_once_give_two_invoices_one_number_without_the_lock_and_not_with_it(world):
    for step, codes in (("careless_post", [0, 1]), ("careful_post", [0, 0])):
        firm = two_batches(world, random.Random(step))  # noqa: S311 readings, not secrets
        for batch in ("rate_north", "rate_south"):
            assert world.stepper.run(firm, batch)[0] == 0
        assert sorted(world.stepper.together(firm, step, step, quiet=True)) == codes
        assert judge(firm).sound  # what the numbers' own index refuses leaves nothing behind


@pytest.mark.parametrize("trouble", [{"at": 12}, {"file_bytes_max": 9000, "quiet": True}])
def test_a_file_that_is_written_under_its_final_name_is_damaged_by_a_kill_and_by_a_full_disk(world, trouble):
    firm = world.before("export")
    assert judge(firm).sound
    assert world.stepper.run(firm, "careless_export", **trouble)[0] in {1, -signal.SIGKILL}
    assert any("is not what its name says" in each for each in judge(firm).wrong)


LOST = (
    "DELETE FROM usage_records WHERE account_number = 'A-1'",
    "UPDATE usage_records SET quantity = quantity - 0.000000001 WHERE account_number = 'A-2'",
    "UPDATE usage_records SET readings = readings - 1 WHERE account_number = 'A-2'",
    "DELETE FROM quarantined_rows WHERE row = 13",
    "DELETE FROM ledger_lines",
)
DOUBLE = (
    "UPDATE usage_records SET quantity = quantity + 0.000000001 WHERE account_number = 'A-2'",
    "UPDATE usage_records SET readings = readings + 1 WHERE account_number = 'A-2'",
    "UPDATE ledger_lines SET rows = rows + 1",
)


@pytest.mark.parametrize("statement", [*LOST, *DOUBLE])
def test_the_oracle_sees_what_is_lost_or_double(world, statement):
    firm = world.before("rate")
    with firm.store.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount
    found = judge(firm)
    assert (found.lost if statement in LOST else found.double) > 0


WRONG_BILLS = (
    "UPDATE invoices SET amount = amount - 0.01 WHERE number = 1",
    "UPDATE invoices SET number = 9 WHERE number = 1",
    "DELETE FROM invoices WHERE number = 3",
    "INSERT INTO invoices SELECT 4, bill_run_id, account_number, 'USD', amount, items FROM invoices WHERE number = 1",
    "INSERT INTO cancelled_items SELECT item_id, bill_run_id, '{}' FROM rated_items",
    "UPDATE bill_runs SET status = 'cancelled'",
    "UPDATE bill_runs SET status = 'draft'",
    "UPDATE bill_runs SET records = records + 1",
    "UPDATE rated_items SET amount = amount + 1, amount_total = amount_total + 1 WHERE account_number = 'A-1'",
    "DELETE FROM rated_usage",
)


@pytest.mark.parametrize("statement", WRONG_BILLS)
def test_the_oracle_sees_bills_that_were_changed_past_the_triggers(world, statement):
    firm = world.before(DONE)
    assert judge(firm).sound
    with firm.store.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        assert connection.exec_driver_sql(statement).rowcount
    assert not judge(firm).sound


def test_the_oracle_sees_a_reading_that_was_landed_otherwise_than_it_was_sent(world):
    firm = world.before("derive")
    (name, key), content = next((sent, text) for sent, text in firm.sent.items() if sent[0].startswith("power/A-1"))
    lines = content.decode().splitlines()
    lines[1] = lines[1][:-1] + ("1" if lines[1][-1] != "1" else "2")
    firm.sent[name, key] = "\n".join(lines).encode()
    found = judge(firm)
    assert (found.lost, found.double) == (1, 1)


def test_the_oracle_sees_an_export_that_was_changed(world):
    firm = world.before(DONE)
    assert judge(firm).sound
    path = next((firm.home / "exports").rglob("usage-*.csv"))
    path.write_bytes(path.read_bytes().replace(b"kwh", b"mwh"))
    assert not judge(firm).sound


def test_the_points_at_which_a_step_can_be_killed_are_many(world):
    for step in IN_ORDER:
        _, ended = world.stepper.run(world.before(step), step)
        assert ended.heard("points") >= 5, step
