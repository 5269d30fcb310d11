import pytest

from transforms.catalog.source import Source
from transforms.readings.landed import ALWAYS, landed_columns, schema_name


def source(files="{account}.csv", digits=18, **columns):
    columns = {"at": "t", "value": "v"} | columns
    return Source.model_validate({"source": "s", "files": files, "columns": columns, "value": {"digits": digits}})


BARE = source()


@pytest.mark.parametrize(
    ("has", "more"),
    [
        (BARE, []),
        (source(event_id="e"), ["id_low"]),
        (source(revision="r"), ["revision"]),
        (source(subscription="s"), ["subscription"]),
        (source(files="{account}/{subscription}.csv"), ["subscription"]),
        (source(attributes={"region": "zone", "tier": "class"}), ["attribute_region", "attribute_tier"]),
    ],
)
def test_of_what_a_source_need_not_have_only_what_it_has_is_landed(has, more):
    assert landed_columns(has) == [*ALWAYS, *more]


def test_files_of_one_name_have_the_same_columns_of_the_same_types():
    several = [BARE, source(event_id="e"), source(digits=19), source(attributes={"region": "zone"})]
    assert len(set(map(schema_name, several))) == len(several)
    assert schema_name(source(files="{account}.txt")) == schema_name(BARE)
