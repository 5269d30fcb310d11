import pytest
import sqlalchemy as sa

from pipeline.catalog.register import RegisterError
from pipeline.store import customers

ACCOUNTS = "account_number,name,currency,time_zone,status\nA-1,Mill,EUR,UTC,Active\n"
CHARGES = (
    "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    "C-1,S-1,A-1,energy,2020-01-01T00:00:00Z,,Active\n"
)


def _refused(business, accounts=ACCOUNTS, charges=CHARGES):
    """Deliver customer files that must be refused whole; give the message without the folder."""
    before = business.contents()
    business.deliver("customers/accounts.csv", accounts)
    business.deliver("customers/subscribed_charges.csv", charges)
    with pytest.raises(RegisterError) as caught:
        business.register()
    assert business.contents() == before
    return str(caught.value).replace(f"{business.inbox}/customers/", "")


def test_the_same_customers_again_change_nothing_and_are_not_written_again(business):
    before = business.contents()
    written = []
    sa.event.listen(business.store, "before_cursor_execute", lambda *call: written.append(call[2]))
    business.register()
    assert business.contents() == before
    assert [each for each in written if each.startswith("INSERT")] == []


def test_a_changed_account_is_brought_up_to_date(business):
    business.deliver("customers/accounts.csv", ACCOUNTS.replace("Mill", "Mill & Sons"))
    business.register()
    assert business.rows("accounts", "name") == ["Mill & Sons"]


def test_a_charge_that_ends_is_brought_up_to_date(business):
    business.deliver("customers/subscribed_charges.csv", CHARGES.replace("Z,,", "Z,2025-06-01T00:00:00+02:00,"))
    business.register()
    assert [str(end) for end in business.rows("subscribed_charges", "end_at")] == ["2025-05-31 22:00:00+00:00"]


COLUMNS = "account_number,name,currency,time_zone,status[,bill_cycle_day][,batch]"


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        (ACCOUNTS.replace("EUR", "EURO"), "accounts.csv:2: currency 'EURO' is unknown; did you mean 'EUR'?"),
        (
            ACCOUNTS.replace("UTC", "Mars"),
            "accounts.csv:2: 'Mars' is not a time zone; write an IANA name such as Europe/Berlin",
        ),
        (
            ACCOUNTS.replace("name,", "nane,"),
            f"accounts.csv:1: the columns must be {COLUMNS}",
        ),
        ("", f"accounts.csv:1: the columns must be {COLUMNS}"),
    ],
)
def test_a_wrong_account_is_refused_with_file_and_line(business, accounts, message):
    assert _refused(business, accounts=accounts) == message


KNOWN = (
    "Draft, Pending Activation, PendingActivation, Pending Acceptance, PendingAcceptance, Suspended, Canceled, "
    "Cancelled, Expired, Closed, Inactive"
)


@pytest.mark.parametrize("status", ["active", "ACTIVE", "Actve", "Active ", "", "Live"])
def test_a_status_that_nobody_knows_is_refused_with_file_line_and_what_to_write(business, status):
    found = _refused(business, ACCOUNTS.replace("Active", status), CHARGES.replace("Active", status))
    message = f"status {status!r} is unknown; write Active for what is billed, else one of {KNOWN}"
    assert found.splitlines() == [f"accounts.csv:2: {message}", f"subscribed_charges.csv:2: {message}"]


@pytest.mark.parametrize("status", KNOWN.split(", "))
def test_whoever_is_not_billed_is_registered_by_any_known_status(business, status):
    business.deliver("customers/accounts.csv", ACCOUNTS.replace("Active", status))
    business.deliver("customers/subscribed_charges.csv", CHARGES.replace("Active", status))
    business.register()
    assert business.rows("accounts", "status") == business.rows("subscribed_charges", "status") == [status]


def test_a_subscription_that_ends_before_it_starts_is_refused_with_file_and_line(business):
    found = _refused(business, charges=CHARGES.replace("Z,,", "Z,2020-01-01T00:59:59+01:00,"))
    assert found == (
        "subscribed_charges.csv:2: end_at 2020-01-01T00:59:59+01:00 is before start_at 2020-01-01T00:00:00+00:00; "
        "write when it ends, the same as start_at if it never began, or nothing while it goes on"
    )


def test_a_subscription_that_ends_as_it_starts_is_registered_and_nothing_of_it_is_billed(business, march):
    business.deliver("customers/subscribed_charges.csv", CHARGES.replace("Z,,", "Z,2020-01-01T01:00:00+01:00,"))
    business.register()
    assert business.bill(march).outcome == "empty"


def with_cycle_days(*days):
    rows = "".join(f"A-{number},Mill,EUR,UTC,Active,{day}\n" for number, day in enumerate(days, start=1))
    return ACCOUNTS.splitlines()[0] + ",bill_cycle_day\n" + rows


def test_an_account_has_the_bill_cycle_day_that_is_written_and_else_the_first(business):
    assert business.rows("accounts", "account_number", "bill_cycle_day") == [("A-1", 1)]
    business.deliver("customers/accounts.csv", with_cycle_days(15, 31))
    business.register()
    assert business.rows("accounts", "account_number", "bill_cycle_day") == [("A-1", 15), ("A-2", 31)]


@pytest.mark.parametrize("day", ["0", "32", "", "x", "1.5", "-1", "15 "])
def test_a_bill_cycle_day_that_no_month_has_is_refused_with_file_and_line(business, day):
    assert _refused(business, accounts=with_cycle_days(15, day)) == (
        f"accounts.csv:3: bill_cycle_day {day!r} is no day of a month; write a number from 1 to 31 "
        "(in a shorter month it means the last day)"
    )


def test_a_bill_cycle_day_cannot_move_while_there_is_usage_by_it(business, march):
    business.bill(march)
    assert _refused(business, accounts=with_cycle_days(15)) == (
        "charge C-1 has usage or bills of billing periods that begin on day 1 of every month, UTC; they cannot begin "
        "at another time now: leave charge, start_at, bill_cycle_day and time_zone as they were"
    )


def test_nor_can_an_anniversary(business, march):
    charge = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", charge + "alignment: anniversary\n")
    business.bill(march)
    assert "day 1 of every month" in _refused(business, charges=CHARGES.replace("2020-01-01", "2020-01-02"))
    assert "day 1 of every month" in _refused(business, accounts=ACCOUNTS.replace("UTC", "America/New_York"))
    business.deliver("customers/accounts.csv", ACCOUNTS)
    business.deliver("customers/subscribed_charges.csv", CHARGES.replace("2020-01-01", "2019-12-01"))
    business.register()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (",A-1,", ",A-7,", "subscribed_charges.csv:2: account 'A-7' is unknown; did you mean 'A-1'?"),
        ("energy", "enrgy", "subscribed_charges.csv:2: charge 'enrgy' is unknown; did you mean 'energy'?"),
        ("00Z", "00", "start_at: '2020-01-01T00:00:00' has no offset from UTC"),
        ("2020-01-01T00:00:00Z", "", "start_at: '' is not a time"),
        ("2020-01-01T00:00:00Z", "01.01.2020", "start_at: '01.01.2020' is not a time"),
    ],
)
def test_a_wrong_subscribed_charge_is_refused_with_file_and_line(business, before, after, message):
    found = _refused(business, charges=CHARGES.replace(before, after))
    assert found.startswith("subscribed_charges.csv:2: ")
    assert message in found


def test_a_customer_file_that_is_not_utf_8_is_refused_with_the_place(business):
    message = "accounts.csv: not UTF-8 text (invalid start byte at byte 51)"
    assert _refused(business, accounts=ACCOUNTS.replace("Mill", "M\xfchle").encode("latin-1")) == message


def test_all_that_is_wrong_is_listed_at_once(business):
    accounts = ACCOUNTS + "A-2,Shop,XXX,Mars,Active\n"
    found = _refused(business, accounts, CHARGES.replace(",A-1,", ",A-9,")).splitlines()
    assert [line.split(": ")[0] for line in found] == ["accounts.csv:3", "accounts.csv:3", "subscribed_charges.csv:2"]


def test_of_very_much_that_is_wrong_the_first_hundred_are_listed(business):
    rows = [f"C-{number},S-1,B-1,energy,2020-01-01T00:00:00Z,,Active" for number in range(101)]
    header = CHARGES.splitlines()[0]
    listed = _refused(business, charges="\n".join([header, *rows[:100], ""])).splitlines()
    assert [listed[0].split(": ")[0], listed[99].split(": ")[0], len(listed)] == [
        "subscribed_charges.csv:2", "subscribed_charges.csv:101", 100,
    ]  # fmt: skip
    more = _refused(business, charges="\n".join([header, *rows, ""])).splitlines()
    assert more == [*listed, "and more: these are the first 100"]


def test_more_billing_periods_can_be_moved_than_a_statement_takes_parameters(business, march):
    business.bill(march)
    with business.store.begin() as connection:
        numbers = [f"C-{number}" for number in range(70_000)]
        assert customers.in_use(connection, numbers) == ["C-1"]


def test_a_missing_customer_file_is_named(business):
    (business.inbox / "customers/subscribed_charges.csv").unlink()
    with pytest.raises(RegisterError, match=r"subscribed_charges.csv is missing"):
        business.register()


@pytest.mark.parametrize("row", ["A-2,Shop,EUR,UTC\n", "A-2,Shop,EUR,UTC,Active,extra\n"])
def test_a_row_with_another_number_of_fields_is_refused_with_its_line(business, row):
    assert _refused(business, accounts=ACCOUNTS + row).startswith("accounts.csv:3: ")


def test_an_account_number_written_twice_is_refused(business):
    found = _refused(business, accounts=ACCOUNTS + "A-1,Other,USD,UTC,Active\n")
    assert found.startswith("accounts.csv:3: ")


def test_a_charge_number_written_twice_is_refused(business):
    found = _refused(business, charges=CHARGES + "C-1,S-2,A-1,energy,2020-01-01T00:00:00Z,,Active\n")
    assert found.startswith("subscribed_charges.csv:3: ")


def test_customer_files_in_another_encoding_are_refused(business):
    assert "accounts.csv" in _refused(business, accounts=ACCOUNTS.replace("Mill", "Mühle").encode("latin-1"))
