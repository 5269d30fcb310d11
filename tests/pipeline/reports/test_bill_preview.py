"""What a bill run would bill stands beside what the same customers were billed for the period before."""

from pipeline.reports.bill_preview import preview
from transforms.period import Period
from transforms.rating.asked import Asked

CHARGES = (
    "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    "C-1,S-1,A-1,energy,2024-08-30T00:00:00Z,,Active\n"
    "C-2,S-2,A-2,energy,2024-08-31T00:00:00Z,,Active\n"
)
QUARTERS = ("2024-08-30--2024-11-30", "2024-08-31--2024-11-30", "2024-11-30--2025-02-28")


def test_customers_who_share_a_period_are_held_against_what_each_was_billed_before(business):
    charge = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", charge + "billing_period: quarter\nalignment: anniversary\n")
    business.customer("A-2")
    business.deliver("customers/subscribed_charges.csv", CHARGES)
    business.register()
    for account in ("A-1", "A-2"):
        business.deliver(f"power/{account}/year.csv", "at,value\n2024-09-10T00:00:00Z,4\n2024-12-10T00:00:00Z,8\n")
    business.extract()
    for quarter in QUARTERS:
        business.run(period=quarter)
    for quarter in QUARTERS[:2]:
        business.rate(quarter)
    asked = Asked(Period.parse(QUARTERS[2]))
    assert preview(business.store, business.catalog, asked).splitlines() == [
        "a bill run of 2024-11-30--2025-02-28 would take 2 records and bill:",
        "  charge  currency  items  amount  2024-08-30--2024-11-30, 2024-08-31--2024-11-30  change",
        "  energy  EUR           2    4.00                                            2.00  +100.0 %",
        "  all     EUR           2    4.00                                            2.00  +100.0 %",
    ]
