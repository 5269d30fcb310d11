"""Files at a URL that fsspec knows, such as s3, gcs, az or memory.

Credentials and endpoint come from the environment, in the names of each store's own package: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_CONNECTION_STRING.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # fsspec ships no types
from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # fsspec ships no types

from transforms.errors import MeterbridgeError

EXTRAS = {"s3": "meterbridge[s3]", "gcs": "gcsfs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
# By what a store knows its files again, the surest first: of their content, else of their writing.
MARKS = ("etag", "md5hash", "generation", "mtime", "lastmodified", "last_modified", "updated", "created")


class RemoteFileError(MeterbridgeError):
    """A place at a URL cannot be reached, listed or read; the files there may be good, and are tried again."""


def is_url(files: str) -> bool:
    """Tell a URL from a path below the inbox."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", files) is not None


def listed(files: str) -> list[tuple[str, str | None]]:
    """Give URL and version of every file that may match a pattern, in the order of the URLs.

    What is listed is all that lies below the pattern's part before its first star or placeholder. RemoteFileError
    when it cannot be listed.
    """
    folder = re.split(r"[{*]", files)[0].rpartition("/")[0] + "/"
    with _explained(files):
        store, root = url_to_fs(folder)
        store.invalidate_cache()  # another process may have written since
        found = _below(store, root, one_level="/" not in files.removeprefix(folder))
    base = root.rstrip("/") + "/"
    return sorted(
        (folder + name.removeprefix(base), _version(info)) for name, info in found.items() if name.startswith(base)
    )


def _below(store: AbstractFileSystem, root: str, *, one_level: bool) -> dict[str, dict[str, object]]:
    """Give the files right in a folder, or anywhere below it."""
    if one_level:
        try:
            return {info["name"]: info for info in store.ls(root, detail=True) if info["type"] == "file"}
        except FileNotFoundError:
            pass  # an empty folder, or no such bucket: a search tells which
    found: dict[str, dict[str, object]] = store.find(root, detail=True)
    return found


@contextmanager
def fetched(url: str) -> Iterator[Path]:
    """Give a copy of a file on this machine, and remove it in the end; RemoteFileError when there is none to be had."""
    with tempfile.TemporaryDirectory(prefix="meterbridge-") as folder:
        path = Path(folder) / "fetched"
        with _explained(url):
            store, place = url_to_fs(url)
            store.get_file(place, str(path))
        yield path


def _version(info: Mapping[str, object]) -> str | None:
    told = {name.lower(): value for name, value in info.items()}
    mark = next((told[name] for name in MARKS if told.get(name)), None)
    return None if mark is None else f"{told.get('size')} bytes, {str(mark).strip(chr(34))}"


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Say of every failure where it happened and what to do."""
    try:
        yield
    except ImportError as error:
        scheme = url.partition(":")[0]
        raise RemoteFileError(f"{url}: {error}; install {EXTRAS.get(scheme, 'the package for it')}") from error
    except Exception as error:  # each store's package raises kinds of its own
        text = str(error) or type(error).__name__
        raise RemoteFileError(f"{url}: {text}; check the address, the credentials and the network") from error
