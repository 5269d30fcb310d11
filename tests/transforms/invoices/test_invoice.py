"""What an invoice says, and how: in words, as text, as JSON."""

import json
from decimal import Decimal

import pytest
from invoices_by_hand import invoice, item, line

from transforms.invoices.invoice import WORDS, Kind, as_json, number_text, parse_number, steps, unit_price
from transforms.invoices.invoice_text import as_text
from transforms.rating.lines import Format, TierLine

ONE_PRICE = item(line("per_unit", "6.5", "0.25"), total="1.63", quantity="6.500000000")
TIERS = item(
    line("per_unit", "100", "0.10", "0", "100"),
    line("flat", "100", "5", "0", "100"),
    line("per_unit", "20", "0.0525", "100", None, 2),
    total="16.05",
    quantity="120",
)


def told(each):
    return [(step.words, step.units, step.price, step.amount) for step in steps(each)]


@pytest.mark.parametrize(("number", "text"), [(1, "INV-00000001"), (123_456_789, "INV-123456789")])
def test_a_number_is_written_in_eight_digits_and_read_back(number, text):
    assert number_text(number) == text
    assert parse_number(text) == parse_number(str(number)) == number


@pytest.mark.parametrize("text", ["", "0", "INV-", "INV-0", "inv-1", "1 ", "-1", "1.0", "٣", "1" * 40])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="write it as INV-00000012 or 12"):
        parse_number(text)


def test_below_zero_it_is_a_credit_note():
    assert invoice(item(total="1")).kind is Kind.INVOICE
    assert invoice(item(total="1"), item(total="0", before="1")).title == "Invoice INV-00000012"
    assert invoice(item(total="1", before="1.01")).title == "Credit note INV-00000012"


def test_one_price_of_all_units_needs_no_breakdown():
    assert unit_price(ONE_PRICE) == Decimal("0.25")
    assert told(ONE_PRICE) == []


def test_units_that_were_not_rounded_as_the_quantity_was_are_told_with_their_price():
    pre_rated = item(line("per_unit", "2.5", "10"), total="25", quantity="3")
    assert unit_price(pre_rated) is None
    assert told(pre_rated) == [("Per unit", Decimal("2.5"), 10, 25)]


def test_tiers_are_told_with_their_bounds_and_add_up_to_the_amount():
    assert unit_price(TIERS) is None
    assert told(TIERS) == [
        ("Tier 1, up to 100", 100, Decimal("0.10"), 10),
        ("Tier 1, up to 100: flat amount", None, None, 5),
        ("Tier 2, above 100", 20, Decimal("0.0525"), Decimal("1.05")),
    ]
    assert sum(step.amount for step in steps(TIERS)) == TIERS.amount


def test_what_was_billed_before_is_told_where_the_item_is_a_difference():
    assert told(item(line("per_unit", "16.5", "0.25"), total="4.13", before="1.63", quantity="16.5")) == [
        ("The service period so far", None, None, Decimal("4.13")),
        ("Billed before", None, None, Decimal("-1.63")),
    ]


def test_prepaid_units_are_told_as_units_that_cost_nothing():
    assert told(item(line("prepaid", "300", "0"), line("per_unit", "2", "1"), total="2"))[0] == (
        "Covered by prepaid units", 300, None, 0
    )  # fmt: skip


@pytest.mark.parametrize("word", Format.__args__)
def test_every_format_of_a_line_comes_to_the_amount_that_rating_gave_it(word):
    priced = TierLine(1, Decimal(0), Decimal(9), Decimal(2), Decimal(3), word)
    found = next(steps(item(line(word, "2", "3", "0", "9"), line("flat", "0", "0"), total="0")))
    assert found.amount == priced.amount
    assert word in WORDS


def test_a_line_of_a_kind_that_is_not_known_is_told_by_its_name():
    assert told(item(line("loyalty_bonus", "1", "-2.50"), total="-2.50")) == [
        ("Loyalty bonus", None, None, Decimal("-2.50"))
    ]


def test_a_fee_without_tiers_is_a_flat_amount():
    assert told(item(line("flat", "0", "100"), total="100"))[0][0] == "Flat amount"


def test_as_text_it_says_what_is_owed_for_what():
    expected = """\
Invoice INV-00000012
  account         A-1, Mill & Sons
  billing period  2025-03
  issued          2025-04-03
  bill run        1 of the period, 0123456789abcdef0123456789abcdef

energy (C-1, S-1), item 7
  2025-03-01 to 2025-03-31: 6.5 kwh at 0.25                          1.63 EUR

energy (C-1, S-1), item 7
  2025-03-01 to 2025-03-31: 120 kwh                                 16.05 EUR
    Tier 1, up to 100: 100 at 0.10                                      10.00
    Tier 1, up to 100: flat amount                                       5.00
    Tier 2, above 100: 20 at 0.0525                                      1.05

Total                                                               17.68 EUR"""
    assert as_text(invoice(ONE_PRICE, TIERS, account_name="Mill\n& Sons")) == expected


def test_yen_have_no_decimals():
    assert as_text(invoice(item(total="1500"), currency="JPY", decimals=0)).endswith(" 1,500 JPY")


def test_json_is_canonical_and_holds_every_figure_as_text():
    text = as_json(invoice(TIERS, account_name="Mühle"))
    assert text.endswith("}\n")
    assert "Mühle" in text
    found = json.loads(text)
    assert text == json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    assert (found["number"], found["kind"], found["amount"]) == ("INV-00000012", "invoice", "16.05")
    (only,) = found["items"]
    assert (only["quantity"], only["amount"], only["billed_before"]) == ("120", "16.05", "0.00")
    assert only["breakdown"][2] == line("per_unit", "20", "0.0525", "100", None, 2)
