"""The Ledger page of what is quarantined: its files, and what mends them."""

from web_pages import texts

from pipeline.readings.dismiss import dismiss


def test_what_is_quarantined_is_shown_with_its_files_and_what_mends_it(viewer, business):
    business.deliver("power/A-1/empty.csv", "")
    business.deliver("power/A-1/march 1.csv", "at,value\n2025-03-01T00:00:00Z,1\n2025-03-02T00:00:00Z,many\n")
    business.extract()
    page = viewer.get("/ledger")
    source, header, whole, row = texts(page, "sources")[1:]
    assert source == ["power", "1", "1", "1", "0", "1"]
    assert header[0] == "source"
    assert whole[:4] == ["power", "empty_file", "1 file", "power/A-1/empty.csv"]
    assert whole[4] == (
        "Correct the source: meterbridge replay power Or ask for the file again: "
        "meterbridge dismiss power power/A-1/empty.csv --reason &#39;…&#39;"
    )
    assert row[2:4] == ["1 row", "power/A-1/march 1.csv"]
    assert "Rows by reason are those of" not in page.text


def test_a_file_without_any_reading_can_be_dismissed_and_is_then_no_more_to_be_mended(viewer, business):
    """Its rows stay quarantined: they are counted, and nothing is advised of them any more."""
    bad, name = "at,value\n2025-03-01T00:00:00Z,many\n", "power/A-1/words.csv"
    business.deliver("power/A-1/march.csv", f"{bad}2025-03-02T00:00:00Z,1\n")
    business.deliver(name, bad)
    business.extract()
    advice = f"Or ask for the file again: meterbridge dismiss power {name} --reason"
    (*_, row) = texts(viewer.get("/ledger"), "sources")
    # What can be dismissed comes first.
    assert row[1:4] == ["unreadable_value", "2 rows", f"{name} power/A-1/march.csv"]
    assert row[4].startswith(f"Correct the source: meterbridge replay power {advice}")
    assert advice.removeprefix("Or ask for the file again: ") in viewer.get(f"/lineage?file={name}").text
    dismiss(business.store, "power", name, by="ann", reason="sent again")
    page = viewer.get("/ledger")
    assert texts(page, "sources")[1][3] == "2"
    assert texts(page, "sources")[-1][1:5] == [
        "unreadable_value", "1 row", "power/A-1/march.csv", "Correct the source: meterbridge replay power"
    ]  # fmt: skip
    assert "those of dismissed files are not among them" in page.text
    assert "meterbridge replay" not in viewer.get(f"/lineage?file={name}").text


def test_a_file_that_arrived_at_two_places_waits_until_it_is_dismissed_at_both(viewer, business):
    names = ("power/A-1/a.csv", "power/A-1/b.csv")
    for name in names:
        business.deliver(name, "at,value\n2025-03-01T00:00:00Z,many\n")
    business.extract()
    dismiss(business.store, "power", names[0], by="ann", reason="sent again")
    assert f"meterbridge dismiss power {names[1]}" in viewer.get("/ledger").text
    dismiss(business.store, "power", names[1], by="ann", reason="sent again")
    assert "meterbridge replay" not in viewer.get("/ledger").text


def test_rows_by_reason_are_counted_of_so_many_files_and_the_page_says_so(viewer, business, monkeypatch):
    monkeypatch.setattr("web.ledger.FILES", 1)
    for name in ("a", "b"):
        business.deliver(f"power/A-1/{name}.csv", f"at,value\n2025-03-01T00:00:00Z,{name}\n2025-03-02T00:00:00Z,1\n")
    business.extract()
    page = viewer.get("/ledger")
    assert [row[2] for row in texts(page, "sources")[1:]][-1] == "1 row"
    assert "Rows by reason are those of the 1 files that landed last with any;" in page.text
