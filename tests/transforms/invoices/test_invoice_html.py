"""An invoice as a page: complete, escaped, and alone."""

from html.parser import HTMLParser

from invoices_by_hand import invoice, item, line

from transforms.invoices.invoice_html import as_html

EVIL = """<script>alert("1")</script>'&"""
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Reads a page: its texts, its tags; a tag that is not closed in its place is an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], set(), []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "style"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data.strip())


def test_all_that_is_owed_stands_on_the_page():
    page = Page(as_html(invoice(item(line("per_unit", "1234.5", "0.025"), total="30.86", quantity="1234.5"))))
    for text in (
        "Invoice INV-00000012", "Mill", "Account A-1", "2025-04-03", "2025-03", "EUR", "energy", "C-1 · S-1",
        "2025-03-01 to", "2025-03-31", "1,234.5", "kwh", "0.025", "30.86", "Total", "30.86 EUR",
    ):  # fmt: skip
        assert text in page.texts


def test_each_tier_and_what_was_billed_before_have_a_row():
    tiers = (line("per_unit", "100", "0.1", "0", "100"), line("per_unit", "5", "0.2", "100", None, 2))
    page = Page(as_html(invoice(item(*tiers, total="11", before="10", quantity="105"))))
    for text in ("Tier 1, up to 100", "0.10", "10.00", "Tier 2, above 100", "0.20", "Billed before", "-10.00", "1.00"):
        assert text in page.texts


def test_no_text_of_a_customer_or_charge_becomes_markup():
    fields = dict.fromkeys(("charge", "charge_number", "subscription_number", "group_key", "uom"), EVIL)
    text = as_html(invoice(item(total="1", **fields), account_name=EVIL, account_number=EVIL))
    page = Page(text)
    assert "script" not in page.tags
    assert EVIL in page.texts


def test_the_page_needs_nothing_from_elsewhere():
    text = as_html(invoice(item(total="1")))
    assert "http" not in text.replace("http-equiv", "")
    assert "url(" not in text
    assert "@import" not in text


def test_a_credit_note_is_called_one():
    texts = Page(as_html(invoice(item(total="0", before="2.5")))).texts
    assert "Credit note INV-00000012" in texts
    assert "-2.50 EUR" in texts


def test_an_invoice_that_is_kept_as_a_file_leads_nowhere():
    one = item(total="1")
    assert "a" not in Page(as_html(invoice(one))).tags
    assert f'<a href="../lineage?item={one.item_id}">' in as_html(invoice(one), behind="../lineage?item=")
