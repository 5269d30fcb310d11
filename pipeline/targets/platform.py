"""The billing platform's API, as far as sending needs it: take a file, tell how its import stands, and what is held."""

import re
from collections.abc import Callable, Iterator, Set
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import httpx

from pipeline.kept_secret import hidden
from pipeline.patience import Patience, passes, retry_after
from pipeline.sources.json_values import DECODER
from pipeline.targets.errors import TargetRefusedError, TargetUnavailableError
from pipeline.targets.sender import Sender

UNDER_WAY, NOT_LOGGED_IN = 409, 401
STATUS_PATH = re.compile(r"/v1/usage/([0-9A-Za-z]{1,64})/status")
SAID_LENGTH_MAX = 1000
PAGE_ROWS = 100
# An import's records are submitted after its file was made; clocks of two machines may differ by less than this.
CLOCKS_DIFFER = timedelta(days=1)
T = TypeVar("T")
DEFAULT = Patience()


class Platform:
    """A connection to the platform, which is to be closed. `name` is its address, without what lets a sender in."""

    def __init__(self, sender: Sender, patience: Patience = DEFAULT) -> None:
        """Connect once something is asked."""
        self.name, self.patience = sender.url, patience
        self._sender, self._token = sender, ""
        self._client = httpx.Client(base_url=sender.url, timeout=patience.timeout())

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def upload(self, file_name: str, content: bytes, key: str) -> str:
        """Send a zipped usage file once, under an Idempotency-Key; gives the id of its import.

        TargetUnavailableError leaves open whether it arrived; after TargetRefusedError it did not.
        """
        headers = {"Idempotency-Key": key, "Content-Type": f"multipart/form-data; boundary={key}"}
        form = {"file": (file_name, content, "application/zip")}
        answer = self._ask("POST", "/v1/usage", headers=headers, files=form)
        found = STATUS_PATH.search(str(answer.get("checkImportStatus")))
        return found[1] if found else self._misunderstood("checkImportStatus", answer)

    def status(self, import_id: str) -> tuple[str, str]:
        """Tell how an import stands, and why."""
        answer = self._read(f"/v1/usage/{import_id}/status")
        return str(answer.get("importStatus")), str(answer.get("message") or "")

    def total_count(self, import_id: str) -> int:
        """Tell how many rows the platform counts in an import."""
        return self._value(self._read(f"/v1/object/import/{import_id}"), "TotalCount", int)

    def find_import(self, file_name: str, account_number: str, made_at: datetime) -> str | None:
        """Look for the import of a file, made at this instant, among an account's records; None where none is of it."""
        for record in self._records(account_number):
            if record.get("fileName") == file_name:
                found = self._read(f"/v1/object/usage/{record.get('id')}").get("ImportId")
                return str(found) if found else None
            if self._value(record, "submissionDateTime", _instant) < made_at - CLOCKS_DIFFER:
                return None
        return None

    def quantities(self, account_number: str, keys: Set[str]) -> dict[str, Decimal]:
        """Read the quantities of an account's records of these unique keys; one that is not held is left out."""
        found: dict[str, Decimal] = {}
        for record in self._records(account_number):
            if (key := str(record.get("uniqueKey"))) in keys:
                found[key] = self._value(record, "quantity", Decimal)
                if len(found) == len(keys):
                    break
        return found

    def _records(self, account_number: str) -> Iterator[dict[str, Any]]:
        """Go through an account's records, newest first; one may come twice while others come in."""
        path, page = f"/v1/usage/accounts/{quote(account_number, safe='')}", 1
        while True:
            answer = self._read(path, params={"page": page, "pageSize": PAGE_ROWS})
            yield from answer.get("usage") or []
            if not answer.get("nextPage"):
                return
            page += 1

    def _read(self, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 what httpx takes
        return self.patience.again(lambda: self._ask("GET", path, **options))

    def _ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401 as above
        """Ask once, logged in."""
        if not self._token:
            self._token = self.patience.again(self._log_in)
        try:
            return self._answer(
                method, path, headers={**(headers or {}), "Authorization": f"Bearer {self._token}"}, **options
            )
        except TargetRefusedError as error:
            if error.status != NOT_LOGGED_IN:
                raise
            self._token = ""  # a token is good for an hour only
            raise TargetUnavailableError(str(error)) from None

    def _log_in(self) -> str:
        form = {"client_id": self._sender.client_id, "client_secret": self._sender.secret}
        answer = self._answer("POST", "/oauth/token", data=form | {"grant_type": "client_credentials"})
        return str(answer.get("access_token") or self._misunderstood("access_token", answer))

    def _answer(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 as above
        try:
            response = self._client.request(method, path, **options)
        except httpx.RequestError as error:
            raise TargetUnavailableError(self._about(f"{method} {path}: {type(error).__name__}: {error}")) from None
        if response.is_success:
            return self._decoded(path, response)
        said = self._about(f"{method} {path}: it answers {response.status_code} {_reasons(response)}")
        if passes(response) or response.status_code == UNDER_WAY:
            raise TargetUnavailableError(said, retry_after(response))
        raise TargetRefusedError(said, response.status_code)

    def _decoded(self, path: str, response: httpx.Response) -> dict[str, Any]:
        """Read an answer, its numbers as text; one that cannot be read is none."""
        try:
            found = DECODER.decode(response.text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise TargetUnavailableError(
                self._about(f"{path}: the answer is no JSON object; is the address that of its API?")
            )
        return found

    def _value(self, answer: dict[str, Any], name: str, read: Callable[[str], T]) -> T:
        try:
            return read(str(answer.get(name)))
        except (ValueError, ArithmeticError):
            self._misunderstood(name, answer)

    def _misunderstood(self, name: str, answer: dict[str, Any]) -> NoReturn:
        raise TargetUnavailableError(self._about(f"an answer without a proper {name}: {str(answer)[:SAID_LENGTH_MAX]}"))

    def _about(self, what: str) -> str:
        return f"the billing platform at {self.name}: {hidden(what, self._sender.secret, self._token)}"


def _instant(text: str) -> datetime:
    """Read an instant; one without offset is UTC's."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _reasons(response: httpx.Response) -> str:
    """Give what a refusal says, in either wording of the platform."""
    try:
        found = DECODER.decode(response.text)
        listed = found.get("reasons") or found.get("Errors") or []
        said = "; ".join(
            f"{each.get('code') or each.get('Code')}: {each.get('message') or each.get('Message')}" for each in listed
        )
    except (ValueError, RecursionError, AttributeError):
        said = ""
    return (said or response.text.strip() or response.reason_phrase)[:SAID_LENGTH_MAX]
