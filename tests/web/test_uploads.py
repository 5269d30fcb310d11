"""Usage files: from the upload to what became of every row."""

import csv
import hashlib
import io
import zipfile

import sqlalchemy as sa

from pipeline.uploads.submit import Upload, submit

HEAD = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\n"
MARCH = HEAD + "A-1,kwh,2.5,03/01/2025,,,,\nA-1,kwh,4,03/02/2025,,,,\n"


def send(http, text=MARCH, name="march.csv", **headers):
    return http.post("/v1/usage", files={"file": (name, text.encode())}, headers=headers)


def status(http, answer):
    return http.get(answer.json()["checkImportStatus"]).json()


def test_a_file_is_taken_and_its_import_tells_all_that_is_known_of_it(editor):
    answer = send(editor)
    assert answer.status_code == 200
    assert answer.json()["size"] == len(MARCH)
    assert status(editor, answer)["importStatus"] == "Completed"
    id_ = answer.json()["checkImportStatus"].split("/")[3]
    found = editor.get(f"/v1/object/import/{id_}").json()
    assert (found["Id"], found["Name"], found["ImportType"]) == (id_, "march.csv", "Usage")
    assert (found["Status"], found["TotalCount"], found["ImportedCount"]) == ("Completed", 2, 2)
    assert found["CreatedById"] == "editor"
    original = editor.get(found["OriginalResourceUrl"])
    assert original.text == MARCH
    assert original.headers["Content-Disposition"].startswith("attachment")
    result = editor.get(found["ResultResourceUrl"])
    with zipfile.ZipFile(io.BytesIO(result.content)) as archive:
        (member,) = archive.namelist()
        rows = list(csv.reader(io.StringIO(archive.read(member).decode())))
    assert len(rows) == 3


def test_the_same_content_under_another_name_is_the_import_that_it_was(editor):
    first, again = send(editor), send(editor, name="once_more.csv")
    assert first.json() == again.json()
    assert len(editor.get("/v1/usage/accounts/A-1").json()["usage"]) == 2


def test_a_file_with_one_wrong_row_loads_nothing_and_says_which(editor):
    answer = send(editor, MARCH + "A-9,kwh,1,03/03/2025,,,,\n")
    found = status(editor, answer)
    assert answer.status_code == 200
    assert found["importStatus"] == "Failed"
    assert "A-9" in found["message"]
    assert editor.get("/v1/usage/accounts/A-1").json()["usage"] == []


def test_dates_are_read_as_the_sender_writes_them(editor):
    text = HEAD + "A-1,kwh,1,02/03/2025,,,,\n"
    assert status(editor, send(editor, text, **{"X-Locale": "en_GB"}))["importStatus"] == "Completed"
    (record,) = editor.get("/v1/usage/accounts/A-1").json()["usage"]
    assert record["startDateTime"] == "2025-03-02T00:00:00Z"


def test_a_file_that_cannot_be_taken_creates_nothing(editor, business):
    wrong = [
        ("march.exe", MARCH, {}),
        ("x" * 50 + ".csv", MARCH, {}),
        ("../march.csv", "", {}),
        ("march.csv", MARCH, {"X-Locale": "xx_XX"}),
        ("march.csv", MARCH, {"X-Repeat-Reason": "never loaded before"}),
    ]
    for name, text, headers in wrong:
        answer = send(editor, text, name, **headers)
        assert answer.status_code == 400
        assert answer.json()["reasons"][0]["code"]
    assert business.rows("imports", "import_id") == []


def test_an_import_object_is_the_same_import(editor):
    answer = editor.post(
        "/v1/object/import",
        files={"File": ("march.csv", MARCH.encode())},
        data={"ImportType": "Usage", "Name": "March"},
    )
    assert answer.status_code == 200
    assert send(editor).json()["checkImportStatus"] == f"/v1/usage/{answer.json()['Id']}/status"


def test_a_file_whose_md5_is_another_than_the_sender_s_is_refused_and_nothing_is_created(editor, business):
    def sent(md5):
        data = {"ImportType": "Usage", "Md5": md5}
        return editor.post("/v1/object/import", files={"File": ("march.csv", MARCH.encode())}, data=data)

    right = hashlib.md5(MARCH.encode()).hexdigest()  # noqa: S324 what the platform's clients send
    wrong = sent(right[::-1])
    assert (wrong.status_code, wrong.json()["Errors"][0]["Code"]) == (400, "md5_mismatch")
    assert business.rows("imports", "import_id") == []
    assert sent(right).status_code == 200


def test_files_come_from_the_imports_folder_and_from_nowhere_else(editor, business):
    id_ = send(editor).json()["checkImportStatus"].split("/")[3]
    (business.home / "secret").write_text("canary")
    for path in ("../secret", "/etc/passwd", "", "."):
        with business.store.begin() as connection:
            connection.execute(sa.text("UPDATE imports SET original_path = :path"), {"path": path})
        assert editor.get(f"/v1/object/import/{id_}/file/original").status_code == 404


def test_an_admin_cancels_an_import_that_waits_and_its_status_tells_who_did_it_and_why(admin, editor, business):
    waiting = submit(business.store, business.home, Upload("march.csv", MARCH.encode()), by="ann").import_id
    path = f"/v1/usage/{waiting}"
    assert editor.put(f"{path}/cancel").status_code == 403
    assert admin.put(f"{path}/cancel", headers={"X-Reason": " "}).status_code == 400
    assert editor.get(f"{path}/status").json()["importStatus"] == "Pending"
    cancelled = admin.put(f"{path}/cancel", headers={"X-Reason": "the wrong month", "Idempotency-Key": "k"})
    assert cancelled.status_code == 200
    expected = {"success": True, "importStatus": "Canceled", "message": "cancelled by admin: the wrong month"}
    assert cancelled.json() == editor.get(f"{path}/status").json() == expected
    again = admin.put(f"{path}/cancel", headers={"X-Reason": "the wrong month", "Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (200, expected)
    assert status(editor, send(editor))["importStatus"] == "Completed"


def test_an_import_that_does_not_wait_is_not_canceled_and_the_answer_says_how_it_stands(admin, business):
    loaded = send(admin).json()["checkImportStatus"].split("/")[3]
    before = business.rows("imports", "status", "status_reason", "updated_by", "updated_at")
    answer = admin.put(f"/v1/usage/{loaded}/cancel")
    assert answer.status_code == 409
    said = f"import {loaded} is Completed: only one that is still Pending can be cancelled; delete its usage instead"
    assert answer.json() == {"success": False, "reasons": [{"code": "not_pending", "message": said}]}
    assert business.rows("imports", "status", "status_reason", "updated_by", "updated_at") == before
    unknown = admin.put(f"/v1/usage/{'f' * 32}/cancel")
    assert unknown.status_code == 404
    assert unknown.json()["reasons"] == [{"code": "not_found", "message": f"there is no import {'f' * 32}"}]
    assert admin.put("/v1/usage/none/cancel").status_code == 400


def test_an_unknown_import_is_not_found(viewer):
    for path in ("/v1/usage/{}/status", "/v1/object/import/{}", "/v1/object/import/{}/file/result"):
        assert viewer.get(path.format("f" * 32)).status_code == 404
        assert viewer.get(path.format("none")).status_code == 400
