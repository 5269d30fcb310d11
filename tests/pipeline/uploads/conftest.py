"""A desk at which usage files are handed in: a small business with two accounts."""

import csv
import io
import zipfile
from dataclasses import dataclass

import pytest

from pipeline.store import imports
from pipeline.uploads.process import process
from pipeline.uploads.submit import Upload, submit

HEADER = ("ACCOUNT_ID", "UOM", "QTY", "STARTDATE", "ENDDATE", "SUBSCRIPTION_ID", "CHARGE_ID", "DESCRIPTION")
KEYED = (*HEADER, "UNIQUE_KEY")
STRICT = "charge: storage\nuom: hour\ncurrency: EUR\nuom_validation: reject\npricing: {model: per_unit, price: 1}\n"
FREE = "charge: credit\nuom: kwh\ncurrency: EUR\nnegative_usage: allow\npricing: {model: per_unit, price: 1}\n"


@dataclass
class Desk:
    """Hands files in for a business, and looks what became of them."""

    business: object

    def __getattr__(self, name):
        return getattr(self.business, name)

    def submit(self, content, name="usage.csv", **options):
        about = {key: options.pop(key) for key in ("locale", "md5") if key in options}
        return submit(self.store, self.home, Upload(name, content, **about), by="ann", **options)

    def process(self, import_id):
        return process(self.store, self.catalog, self.home, import_id)

    def load(self, content, name="usage.csv", **options):
        """Submit and process; gives the import."""
        return self.process(self.submit(content, name, **options).import_id)

    def loaded(self, content, name="usage.csv", **options):
        """Submit and process what must be all right; gives the import's id."""
        found = self.load(content, name, **options)
        assert found["status"] == "Completed", found["status_reason"]
        return found["import_id"]

    def bill_run(self):
        """Rate March, for which the meter has nothing."""
        self.run()
        return self.rate()

    def listed(self):
        with self.store.begin() as connection:
            return imports.listed(connection, limit=100)

    def usage(self):
        """List (charge number, unique key, quantity) of what is active."""
        found = self.rows("usage_records WHERE superseded_by IS NULL", "charge_number", "unique_key", "quantity")
        return [(number, key, f"{quantity.normalize():f}") for number, key, quantity in found]

    def result(self, found):
        """Read the result file of an import."""
        with zipfile.ZipFile(self.home / "imports" / found["result_path"]) as archive:
            return list(csv.DictReader(io.StringIO(archive.read("result.csv").decode())))


@pytest.fixture
def desk(business):
    """A-1 with charge C-1 in kWh, A-2 with C-2 in hours of which no other unit is taken."""
    business.declare("charges/storage.yaml", STRICT)
    business.declare("charges/credit.yaml", FREE)
    business.customer("A-2", of="storage")
    return Desk(business)


def _text(header, rows, end="\r\n"):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=end).writerows([header, *rows])
    return buffer.getvalue().encode()


@pytest.fixture
def usage_file():
    """Write a usage file: dictionaries of the columns that are not empty, over a row that is all right."""
    plain = {"ACCOUNT_ID": "A-1", "UOM": "kwh", "QTY": "1", "STARTDATE": "03/01/2025"}

    def write(*rows, header=None, end="\r\n"):
        filled = [plain | row for row in rows]
        more = dict.fromkeys(name for row in filled for name in row if name not in HEADER)
        names = header or (*HEADER, *more)
        return _text(names, [[row.get(name, "") for name in names] for row in filled], end)

    return write
