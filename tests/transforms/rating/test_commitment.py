"""A commitment owes what the charges that contribute to it fall short of it, and nothing where they do not."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prepaid_by_hand import Prepaid
from rating_by_hand import UNITS, amounts, billed_by, charge, used

from transforms.catalog.charge import Charge
from transforms.rating.commitment import contributes, with_items
from transforms.rating.lines import worth
from transforms.rating.rate import rate
from transforms.rating.usage import ChargePeriod, RatingError

JANUARY, FEBRUARY, JULY, NEXT = (datetime(*day, 1, tzinfo=UTC) for day in ((2018, 1), (2018, 2), (2018, 7), (2019, 1)))
YEAR = ChargePeriod(
    account_number="A1",
    subscription_number="S1",
    charge_number="C-9",
    charge="promise",
    period_start=JANUARY,
    period_end=NEXT,
)
PHONE = charge("per_unit", price="1")


def promise(amount="12000", **pricing):
    named = {"charge": "promise", "uom": "each", "currency": "USD", "billing_period": "year"}
    return Charge.model_validate(
        named | {"pricing": {"model": "commitment", "amount": amount, "charges": ["phone"], **pricing}}
    )


def settle(lines=(), before="0", billed=None, made=None, owner=YEAR):
    """The items of a bill run of the year; `before` is what other bill runs billed that contributes."""
    return rate(
        lines,
        charges={"phone": PHONE, "promise": made or promise()},
        units=UNITS,
        billed=billed or {},
        subscribed=[owner],
        contributed={(owner.charge_number, owner.period_start): Decimal(before)},
    )


def shown(item):
    return [(line.format, line.amount) for line in item.breakdown]


def test_e42_ten_thousand_of_twelve_thousand_leave_two_thousand_to_be_paid():
    [item] = settle(before="10000")
    assert (item.charge_number, item.quantity, item.uom, item.record_ids) == ("C-9", 0, "each", ())
    assert (item.amount_total, item.amount) == (2000, 2000)
    assert shown(item) == [("committed", 12000), ("contributed", -10000)]


def test_nothing_spent_owes_all_that_is_committed():
    assert amounts(settle()) == [12000]


def test_whoever_spends_more_owes_nothing_and_is_shown_so_once():
    [item] = settle(before="15000")
    assert (item.amount, worth(item.breakdown)) == (0, 0)
    assert shown(item) == [("committed", 12000), ("contributed", -15000), ("exceeded", 3000)]
    assert settle(before="15000", billed=billed_by([item])) == ()


def test_a_spend_of_just_what_is_committed_owes_nothing():
    [item] = settle(before="12000")
    assert (item.amount, shown(item)) == (0, [("committed", 12000), ("contributed", -12000)])


def test_a_commitment_that_is_settled_owes_nothing_more():
    assert settle(before="10000", billed=billed_by(settle(before="10000"))) == ()


@pytest.mark.parametrize(("later", "due"), [("9000", 1000), ("11000", -1000), ("13000", -2000)])
def test_what_is_spent_more_or_less_later_is_settled_by_the_difference(later, due):
    [item] = settle(before=later, billed=billed_by(settle(before="10000")))
    assert (item.billed_before, item.amount) == (2000, due)


def test_usage_of_the_same_bill_run_contributes_what_it_is_billed_now():
    year = {"period_start": JANUARY, "period_end": NEXT}
    lines = [used(1, "400", status="Processed", **year), used(2, "100", **year)]
    billed = {("C-1", JANUARY, ""): Decimal(400)}
    phone, promised = settle(lines, before="10400", billed=billed)
    assert (phone.amount, promised.amount) == (100, 1500)


def test_money_is_rounded_once():
    assert amounts(settle(before="0.33", made=promise("10.005"))) == [Decimal("9.68")]


def test_one_amount_is_written_in_one_way_whatever_its_zeros():
    assert settle(before="10000.000000000") == settle(before="1E+4")
    assert [str(line.price) for line in settle(before="10000.10")[0].breakdown] == ["12000", "-10000.1"]


def test_what_is_committed_stands_in_the_order_of_all_items():
    early = replace(YEAR, charge_number="C-0")
    year = {"period_start": JANUARY, "period_end": NEXT}
    items = settle([used(1, "100", **year)], owner=early)
    assert [(item.charge_number, item.amount) for item in items] == [("C-0", 11900), ("C-1", 100)]


def test_a_record_that_names_a_commitment_stops_the_bill_run():
    with pytest.raises(RatingError, match=r"record 7 .* 'promise', which takes no usage"):
        settle([used(7, "1", charge="promise", charge_number="C-9", uom="each")])


PERIOD = replace(YEAR, charge="phone", charge_number="C-1", period_end=FEBRUARY)


@pytest.mark.parametrize(
    ("changes", "scope", "counts"),
    [
        ({}, "subscription", True),
        ({"period_start": JULY}, "subscription", True),
        ({"period_start": NEXT}, "subscription", False),
        ({"period_start": datetime(2017, 12, 31, 23, tzinfo=UTC)}, "subscription", False),
        ({"charge": "fax"}, "subscription", False),
        ({"subscription_number": "S2"}, "subscription", False),
        ({"subscription_number": "S2"}, "account", True),
        ({"account_number": "A2"}, "account", False),
    ],
)
def test_what_counts_is_of_its_charges_its_scope_and_its_period(changes, scope, counts):
    assert contributes(replace(PERIOD, **changes), YEAR, promise(scope=scope).pricing) == counts


MONTHS = [datetime(2018, month, 1, tzinfo=UTC) for month in range(1, 13)]
EVENTS = st.one_of(
    st.tuples(st.just("use"), st.tuples(st.integers(0, 11), st.decimals(0, 90, places=3))),
    st.tuples(st.just("correct"), st.tuples(st.integers(0, 50), st.decimals(0, 90, places=3))),
    st.tuples(st.just("bill"), st.integers(0, 11)),
    st.tuples(st.just("settle"), st.none()),
)


class Shop:
    """A year of monthly phone usage at 0.333 each, and a promise for the year, as the store would keep them."""

    def __init__(self, amount):
        self.charges = {"phone": charge("per_unit", price="0.333", negative_usage="allow"), "promise": promise(amount)}
        self.lines, self.items = [], []

    def use(self, month_and_quantity):
        month, quantity = month_and_quantity
        start, end = MONTHS[month], MONTHS[month + 1] if month < 11 else NEXT
        line = used(len(self.lines), quantity, start_at=start, period_start=start, period_end=end)
        self.lines.append(line)

    def correct(self, index_and_quantity):
        index, quantity = index_and_quantity
        if records := [line for line in self.lines if line.corrects is None]:
            line = records[index % len(records)]
            stands = sum(each.quantity for each in self.lines if each.first_record_id == line.record_id)
            changes = {"record_id": len(self.lines), "corrects": line.record_id, "status": "Pending"}
            self.lines.append(replace(line, quantity=quantity - stands, **changes))

    def bill(self, month):
        mine = [line for line in self.lines if line.period_start == MONTHS[month]]
        self._run(mine, ())
        self.lines = [replace(line, status="Processed") if line in mine else line for line in self.lines]

    def settle(self, _=None):
        self._run((), [YEAR])

    def _run(self, lines, subscribed):
        spent = sum(item.amount for item in self.items if item.charge == "phone")
        before = {(YEAR.charge_number, YEAR.period_start): Decimal(spent)}
        billed = billed_by(self.items)
        named = {"charges": self.charges, "units": UNITS, "billed": billed}
        self.items += rate(lines, subscribed=subscribed, contributed=before, **named)

    def sum_of(self, charge):
        return sum(item.amount for item in self.items if item.charge == charge)


@given(st.lists(EVENTS, max_size=16), st.sampled_from(["0.01", "40", "100.50"]))
def test_the_bills_add_up_to_what_is_committed_or_to_what_is_spent_if_that_is_more(events, amount):
    shop = Shop(amount)
    for name, value in events:
        getattr(shop, name)(value)
    for month in range(12):
        shop.bill(month)
    shop.settle()
    spent = shop.sum_of("phone")
    assert spent + shop.sum_of("promise") == max(Decimal(amount), spent)
    count = len(shop.items)
    shop.settle()
    assert len(shop.items) == count
    assert all(worth(item.breakdown) >= 0 for item in shop.items)


def test_items_that_are_rated_apart_count_like_those_of_the_same_bill_run():
    year = {"period_start": JANUARY, "period_end": NEXT}
    lines = [used(1, "100", **year)]
    together = settle(lines, before="400")
    apart = rate(lines, charges={"phone": PHONE}, units=UNITS, billed={})
    before = {("C-9", JANUARY): Decimal(400)}
    found = with_items(before, apart, [YEAR], {"promise": promise(), "phone": PHONE})
    assert found == {("C-9", JANUARY): 500}
    assert (*apart, *settle(before=found["C-9", JANUARY])) == together


def test_units_that_were_prepaid_count_nothing():
    shop = Prepaid()
    shop.use("15")
    [item] = shop.bill()
    found = with_items({}, [item], [YEAR], {"promise": promise(), "phone": shop.phone})
    assert (item.quantity, item.amount) == (15, 25)
    assert found == {("C-9", JANUARY): 25}
