"""What closed periods are tried on."""

import pytest
from billed_march import Shop


@pytest.fixture
def shop(business, march):
    """A March that is billed, posted and exported."""
    business.bill(march)
    business.rate()
    business.post()
    business.export()
    return Shop(business)
