"""YAML documents of the catalog: every scalar is the text that was written, and every complaint names file and line."""

import csv
import difflib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from transforms.errors import MeterbridgeError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]
NULLS = ("", "~", "null")
NEAR = 0.6  # how much of two words must be the same, for one to be offered for the other
PLAIN = {  # where the message of a validator speaks of Python, and not of the file
    "dict_type": "write keys and their values here",
    "model_type": "write keys and their values here",
    "too_short": "list at least {min_length}",
    "tuple_type": "write a list here, such as [a, b]",
    "union_tag_invalid": "{tag!r} is no {discriminator}; write one of {expected_tags}",
    "union_tag_not_found": "{discriminator} is missing here",
}


class CatalogError(MeterbridgeError):
    """The catalog cannot be used; one line per problem: file, line, what, and the nearest right word."""

    def __init__(self, problems: list[str]) -> None:
        """Make the error of one or more problems."""
        super().__init__("\n".join(problems))
        self.problems = problems


def _one_problem(told: str) -> CatalogError:
    return CatalogError([told])


@contextmanager
def open_csv(path: Path, error_of: Callable[[str], MeterbridgeError] = _one_problem) -> Iterator["csv.DictReader[str]"]:
    """Open a CSV file whose first line names its columns; not UTF-8, it is a CatalogError, or what `error_of` makes."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield csv.DictReader(file)
    except UnicodeDecodeError as error:
        raise error_of(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error


@dataclass
class Document:
    """One YAML file: its data as text, and the line on which every part of it stands."""

    path: Path
    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Read a file; CatalogError where it is not UTF-8 or not YAML."""
        document = cls(path)
        try:
            node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
            document.data = document._build(node, ()) if node else {}
        except UnicodeDecodeError as error:
            raise CatalogError([f"{path}: not UTF-8 text ({error.reason} at byte {error.start})"]) from error
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise CatalogError([f"{path}:{line}: not YAML: {error.problem}"]) from error
        return document

    def _build(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 any YAML value
        self.lines[place] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return {key.value: self._entry(key, value, place) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*place, index)) for index, item in enumerate(node.value)]
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return None if plain and node.value in NULLS else node.value

    def _entry(self, key: yaml.Node, value: yaml.Node, place: Place) -> Any:  # noqa: ANN401 any YAML value
        if (*place, key.value) in self.lines:
            raise CatalogError([f"{self.path}:{key.start_mark.line + 1}: {key.value!r} stands here a second time"])
        built = self._build(value, (*place, key.value))
        self.lines[*place, key.value] = key.start_mark.line + 1
        return built

    def problem(self, place: Place, text: str) -> str:
        """Put file and line before a complaint about a place in the document."""
        known = tuple(self._known(place))
        return f"{self.path}:{self.lines.get(known, 1)}: {text}"

    def _known(self, place: Place) -> Iterator[str | int]:
        """Leave out what a validator put into the path (such as the tag of a choice) and the file does not have."""
        reached: Place = ()
        for part in place:
            if (*reached, part) in self.lines:
                reached = (*reached, part)
                yield part

    def as_model(self, model: type[Model]) -> Model:
        """Check the document against a model; CatalogError lists every problem."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            words = _field_names(model)
            raise CatalogError([self._explain(each, words) for each in _first_causes(error.errors())]) from error

    def _explain(self, error: ErrorDetails, words: set[str]) -> str:
        place = tuple(error["loc"])
        where = ".".join(str(part) for part in self._known(place)) or "the document"
        if error["type"] == "extra_forbidden":
            hint = " here" if place[-1] in words else nearest(str(place[-1]), words)
            return self.problem(place, f"{where} is not a known key{hint}")
        if error["type"] == "missing":
            return self.problem(place, f"{place[-1]!r} is missing{f' in {where}' if len(place) > 1 else ''}")
        message = _message(error)
        if error["input"] is None:
            return self.problem(place, f"{where}: nothing is written here")
        if isinstance(error["input"], dict | list):  # too much to repeat; what is wrong in it stands in the message
            return self.problem(place, f"{where}: {message}")
        hint = nearest(str(error["input"]), set(re.findall(r"'(\w+)'", message)))
        return self.problem(place, f"{where}: {message}; found {error['input']!r}{hint}")


def _first_causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where that is so only because what stands in it is wrong."""
    places = [error["loc"] for error in errors]

    def follows(error: ErrorDetails) -> bool:
        depth = len(error["loc"])
        return error["type"] == "too_short" and any(
            place[:depth] == error["loc"] and len(place) > depth for place in places
        )

    return [error for error in errors if not follows(error)]


def _message(error: ErrorDetails) -> str:
    if plain := PLAIN.get(error["type"]):
        return plain.format(**error.get("ctx", {}))
    return error["msg"].removeprefix("Value error, ")


def nearest(word: str, words: set[str]) -> str:
    """Suggest the nearest right word, as the end of a sentence; empty when none is near."""
    found = difflib.get_close_matches(word, sorted(words), n=1, cutoff=NEAR)
    return f"; did you mean {found[0]!r}?" if found else ""


def _field_names(model: type[BaseModel]) -> set[str]:
    """Collect the keys of a model and of all models inside it."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}
