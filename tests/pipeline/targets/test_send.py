"""Usage is sent to the billing platform, played by the project's own API: each record once, corrections too."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import sqlalchemy as sa
from small_business import CHARGE, METER
from uploaded_usage import uploaded

from pipeline.targets.send import described
from transforms.period import Period
from transforms.upload.usage_file import UnfitRecordError

BORNE = "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: pre_rated_total, field: AMOUNT__c}\n"
MORE = "at,value\n2025-03-20T00:00:00Z,10\n"
LESS = "at,value\n2025-03-20T00:00:00Z,-2\n"


def test_a_period_is_sent_once_and_a_second_time_nothing_is_sent(two):
    two.say(k="6.5")
    two.send()
    assert two.held() == {"k": Decimal("6.5")}
    assert two.states() == [("confirmed", 1, Decimal("6.5"))]
    assert two.imports() == [(two.files()[0].file_name, "Completed")]
    assert (two.send(), two.way.uploads()) == (1, ["passed"])


def test_usage_that_is_derived_anew_takes_the_place_of_what_was_sent(two, march):
    two.ours.bill(march)
    two.send()
    two.ours.count_in("2")
    two.ours.run()
    two.send()
    assert list(two.held().values()) == [Decimal(13)]
    assert two.states() == [("confirmed", 1, Decimal("6.5")), ("confirmed", 1, Decimal(13))]


def test_what_becomes_again_what_it_was_is_so_on_the_platform_too(two):
    for quantity in ("1", "2", "1", "2", "1"):
        two.say(k=quantity)
        two.send()
    assert two.held() == {"k": Decimal(1)}
    assert [total for _, _, total in two.states()] == [1, 2, 1, 2, 1]


@pytest.mark.parametrize(("late", "held"), [(MORE, Decimal("16.5")), (LESS, Decimal("4.5"))], ids=["more", "less"])
def test_an_adjustment_travels_in_the_record_that_it_corrects_whichever_way_it_goes(two, march, late, held):
    two.ours.declare("charges/energy.yaml", CHARGE + "negative_usage: allow\n")
    two.ours.bill(march)
    two.send()
    two.ours.rate()
    assert two.send() == 1  # billed as it was sent: there is nothing new
    two.ours.bill(late, "power/A-1/late.csv")
    two.send()
    assert list(two.held().values()) == [held]
    assert two.way.uploads() == ["passed", "passed"]


def test_an_amount_that_usage_bears_is_sent_with_what_its_adjustments_add(two, march):
    two.ours.declare("charges/energy.yaml", BORNE)
    two.ours.declare(
        "meters/energy.yaml", METER.replace("unit: kwh", "unit: kwh, custom_fields: {AMOUNT__c: '{readings}'}")
    )
    two.ours.bill(march)  # three readings
    two.ours.rate()
    two.ours.bill(MORE, "power/A-1/late.csv")
    two.send()
    (found,) = two.theirs.rows("usage_records WHERE superseded_by IS NULL", "quantity", "custom_fields::text")
    assert found == (Decimal("16.5"), '{"AMOUNT__c": "4"}')


def test_a_record_that_comes_to_less_than_nothing_is_refused_and_nothing_is_sent(two):
    two.say(k="6.5")
    _, (number,) = uploaded(two.ours.store, {"quantity": Decimal(-3), "negative_allowed": True})
    with pytest.raises(UnfitRecordError, match=rf"record {number}, QTY '-3': a file holds no quantity below 0"):
        two.send()
    assert (two.way.seen, two.files()) == ([], [])


def test_a_deleted_record_counts_nothing_on_the_platform_and_comes_back_when_it_does(two):
    two.say(k="5", other="1")
    two.send()
    two.say(k="")
    two.send()
    assert two.held() == {"k": 0, "other": 1}
    assert two.send() == 1
    two.say(k="5")
    two.send()
    assert two.held() == {"k": 5, "other": 1}


def test_a_record_that_no_charge_takes_any_more_counts_nothing_on_the_platform(two):
    two.say(k="5")
    two.send()
    with two.ours.store.begin() as connection:
        connection.execute(sa.text("UPDATE usage_records SET charge = NULL, charge_number = NULL"))
    two.send()
    assert two.held() == {"k": 0}


def test_many_records_go_in_several_files_and_usage_without_a_charge_in_none(two):
    records = [{"unique_key": f"k-{number}", "quantity": Decimal(number)} for number in range(1, 8)]
    uploaded(two.ours.store, *records, {"charge_number": None, "charge": None, "quantity": Decimal(100)})
    two.send(rows_max=3)
    assert [(rows, state) for state, rows, _ in two.states()] == [(3, "confirmed"), (3, "confirmed"), (1, "confirmed")]
    assert sum(total for _, _, total in two.states()) == sum(range(1, 8))
    assert two.held() == {f"k-{number}": number for number in range(1, 8)}
    told = described(two.ours.store, two.way.url, Period.parse("2025-03"))
    assert told[-1] == "1 records have no charge and are not sent: see `meterbridge preflight 2025-03`"


def test_custom_fields_and_what_a_sender_wrote_arrive_as_they_are(two):
    record = {"unique_key": 'k "1", ü', "custom_fields": {"Region__c": "north, east"}, "description": "a\u00a0b"}
    uploaded(two.ours.store, record)
    two.send()
    (found,) = two.theirs.rows("usage_records", "unique_key", "description", "custom_fields::text", "start_at")
    assert found[:3] == ('k "1", ü', "a\u00a0b", '{"REGION__c": "north, east"}')
    assert found[3].isoformat() == "2025-03-10T00:00:00+00:00"


def test_two_who_send_at_once_leave_each_record_there_once(two):
    two.say(a="1", b="2", c="3", d="4")
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(two.send, rows_max=2, dies=True) for _ in range(2)]:
            done.result()
    assert two.held() == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert {state for state, _, _ in two.states()} == {"confirmed"}
    assert len(two.imports()) == 2


def test_each_platform_is_sent_its_own(two):
    two.say(k="6.5")
    two.send()
    with two.ours.store.begin() as connection:  # as if it had been sent to a sandbox
        connection.execute(sa.text("UPDATE sent_files SET target = 'https://sandbox.example'"))
    two.send()
    assert two.states() == [("confirmed", 1, Decimal("6.5"))]
