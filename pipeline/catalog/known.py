"""What one part of the catalog calls another by is known, and lies where it is read; else it is said what to write."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pipeline.catalog.documents import CatalogError, Document, nearest

Part = TypeVar("Part")
LISTED_WORDS_MAX = 12
FOLDERS = {"meters": ".yaml", "sources": ".yaml", "charges": ".yaml", "lookups": ".csv"}  # what is read of each


def strays(folder: Path) -> Iterator[str]:
    """Tell of files of the other ending that YAML has, which nothing reads: a meter there would bill nothing."""
    for place in (folder, *(folder / name for name in FOLDERS)):
        for path in sorted(place.glob("*.yml")):
            yield f"{path}: nothing reads a file of this ending; name it {path.stem}.yaml"


def find(parts: Mapping[str, Part], name: str, kind: str, problems: list[str]) -> Part:
    """Give a part of the catalog; CatalogError suggests the nearest name, and tells what is left out."""
    if name not in parts:
        raise CatalogError([f"there is no {kind} {name!r} in the catalog{nearest(name, set(parts))}", *problems])
    return parts[name]


def check_known(
    document: Document, place: tuple[str, ...], word: str, words: Iterable[str], what: str = "unknown"
) -> None:
    """Refuse a word that is none of those known."""
    known = set(words)
    if word in known:
        return
    text = f"{'.'.join(place)}: {word!r} is "
    own = f"{place[-1]}s/{word}{FOLDERS.get(f'{place[-1]}s', '')}"  # the file that it has, if it is one of the catalog
    if (document.path.parents[1] / own).is_file():
        raise CatalogError([document.problem(place, f"{text}left out, for what is wrong in {own}")])
    listed = f" (known: {', '.join(sorted(known))})" if 0 < len(known) <= LISTED_WORDS_MAX else ""
    raise CatalogError([document.problem(place, f"{text}{what}{listed}{nearest(word, known)}")])


def check_file_name(document: Document, key: str, name: str) -> None:
    """Refuse a file of another name than what stands in it."""
    if document.path.stem != name:
        raise CatalogError(
            [document.problem((key,), f"{key} {name!r} stands in {document.path.name}; name the file {name}.yaml")]
        )
