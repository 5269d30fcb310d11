"""What a charge may say of prepaid units; what makes no sense is refused when it is read."""

import pytest
from prepaid_by_hand import bundle, drawing
from pydantic import ValidationError

TIERS = [{"price": "1"}]


def test_a_bundle_holds_for_its_subscription_and_is_not_rolled_over_unless_it_says_so():
    terms = bundle().pricing
    assert (terms.rollover, terms.priority, terms.scope) == (None, 0, "subscription")
    assert not bundle().takes_usage


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"units": "0"}, "greater than 0"),
        ({"rollover": {"periods": "4", "apply": "first"}}, "less than or equal to 3"),
        ({"rollover": {"periods": "0", "apply": "first"}}, "greater than or equal to 1"),
        ({"rollover": {"periods": "1"}}, "Field required"),
        ({"rollover": {"periods": "1", "apply": "middle"}}, "'first' or 'last'"),
        ({"scope": "world"}, "'subscription' or 'account'"),
    ],
)
def test_a_bundle_that_leaves_a_question_open_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        bundle(**fields)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alignment": "anniversary"}, "have billing periods by the calendar; leave alignment out"),
        ({"uom_validation": "accept"}, "say uom_validation: reject"),
        ({"rate_records": "individually"}, "leave rate_records out"),
        ({"rate_of_credits": "0"}, "greater than 0"),
        ({"pricing": {"model": "pre_rated_total", "field": "AMOUNT__c"}}, "model pre_rated_total has no drawdown"),
        ({"pricing": {"model": "flat_fee", "price": "1"}, "uom": "each"}, "model flat_fee has no drawdown"),
        ({"pricing": {"model": "prepaid", "price": "1", "units": "1"}}, "model prepaid has no drawdown"),
    ],
)
def test_a_drawdown_that_its_charge_cannot_have_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        drawing(**changes)


@pytest.mark.parametrize("changes", [{"rating_group": "record"}, {"rate_records": "individually"}])
def test_a_bundle_is_one_price_for_a_billing_period(changes):
    with pytest.raises(ValidationError, match="model prepaid"):
        type(bundle()).model_validate(bundle().model_dump() | changes)


def test_a_bundle_by_anniversary_is_refused():
    with pytest.raises(ValidationError, match="have billing periods by the calendar"):
        type(bundle()).model_validate(bundle().model_dump() | {"alignment": "anniversary"})


@pytest.mark.parametrize("model", ["tiered", "volume", "high_water_mark_tiered", "high_water_mark_volume"])
def test_usage_that_draws_may_be_priced_in_tiers(model):
    assert drawing(pricing={"model": model, "tiers": TIERS}).drawdown.rate == 1
