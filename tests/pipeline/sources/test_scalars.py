"""What a real PostgreSQL gives, as text."""

import pytest
from fetched_api import lines
from usage_database import APRIL, NOTHING, selecting

from pipeline.sources.fetched import SourceUnavailableError, fetch


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("0.1000000000000000055", "0.1000000000000000055"),
        ("1.10", "1.10"),
        ("0.0000001", "0.0000001"),
        ("1e20::numeric", "100000000000000000000"),
        ("'NaN'::numeric", "NaN"),
        ("12345678901234567890123456789.123456789", "12345678901234567890123456789.123456789"),
        ("0.1::float8", "0.1"),
        ("9223372036854775807", "9223372036854775807"),
        ("'007.10'", "007.10"),
        ("true", True),
        ("NULL", None),
        ("'2025-03-01 02:00+02'::timestamptz", "2025-03-01T00:00:00+00:00"),
        ("'2025-03-01 02:00'::timestamp", "2025-03-01T02:00:00"),
        ("'2025-03-01'::date", "2025-03-01"),
        ("'5f0c7e0e-0000-4000-8000-000000000001'::uuid", "5f0c7e0e-0000-4000-8000-000000000001"),
        ("'Zähler \"1\"' || chr(10)", 'Zähler "1"\n'),
        ("(SELECT 'y' WHERE '100 %' LIKE '1%')", "y"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_value_is_the_text_that_the_database_would_write(spool, expression, text):
    files, _ = fetch(selecting(expression), NOTHING, APRIL, spool)
    assert [line["kwh"] for line in lines(files)] == [text]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("'{\"kwh\": 1.10}'::jsonb", "dict"),
        ("ARRAY[1]", "list"),
        ("'x'::bytea", "bytes"),
        ("'1 day'::interval", "time"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_value_that_is_no_scalar_is_refused_and_its_column_named(spool, expression, kind):
    with pytest.raises(SourceUnavailableError, match=rf"column 'kwh': a value of type {kind}\w* is no scalar; turn it"):
        fetch(selecting(expression), NOTHING, APRIL, spool)
    assert list((spool / "power").iterdir()) == []
