"""Usage files on the command line."""

import pytest
from click.testing import CliRunner

from pipeline.commands.uploads import cancel_import, list_imports, template, upload
from pipeline.uploads.cancel import NotPendingError
from pipeline.uploads.submit import UnknownImportError, Upload, submit

HEADER = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\n"


@pytest.fixture
def run(named):  # noqa: ARG001 the environment
    return lambda command, *words: CliRunner().invoke(command, [str(word) for word in words])


def test_a_file_is_uploaded_and_loaded_by_one_command(run, tmp_path):
    file = tmp_path / "march.csv"
    file.write_text(HEADER + "A-1,kwh,2,31.03.2025,,,,\nA-1,hour,2,31.03.2025,,,,\n")
    said = run(upload, file, "--locale", "de_DE")
    assert (said.exit_code, said.output.splitlines()[1]) == (0, "Completed: 2 of 2 rows loaded")
    assert "caution: row 2 (line 3), UOM: no_charge 'hour'" in said.output
    assert ": exists\nCompleted: 2 of 2 rows loaded" in run(upload, file, "--locale", "de_DE").output
    assert ": accepted\n" in run(upload, file, "--locale", "de_DE", "--repeat", "delivered twice").output
    listed = run(list_imports).output.splitlines()
    assert len(listed) == 3
    assert "Completed" in listed[1]
    assert "march.csv" in listed[1]


def test_a_file_that_fails_says_why_and_ends_with_an_error(run, tmp_path):
    file = tmp_path / "march.csv"
    file.write_text(HEADER + "A-1,kwh,x,03/31/2025,,,,\n")
    said = run(upload, file)
    assert said.exit_code == 1
    assert "Failed: 0 of 1 rows loaded\n1 problem in 1 row\nrow 1 (line 2), QTY: quantity_malformed 'x'" in said.output


def test_an_import_that_waits_is_canceled_and_sending_the_file_again_loads_it(run, business, tmp_path):
    file = tmp_path / "march.csv"
    file.write_text(HEADER + "A-1,kwh,2,03/31/2025,,,,\n")
    waiting = submit(business.store, business.home, Upload(file.name, file), by="ann").import_id
    said = run(cancel_import, waiting, "--reason", "the wrong month")
    assert (said.exit_code, said.output) == (0, f"import {waiting}: cancelled\n")
    assert " Canceled " in run(list_imports).output.splitlines()[1]
    assert isinstance(run(cancel_import, waiting, "--reason", "again").exception, NotPendingError)
    assert isinstance(run(cancel_import, "0" * 32, "--reason", "a slip").exception, UnknownImportError)
    assert run(cancel_import, waiting).exit_code == 2
    assert "Completed: 1 of 1 rows loaded" in run(upload, file).output


def test_the_template_is_printed(run):
    assert run(template).output.startswith("ACCOUNT_ID,UOM,QTY,")
