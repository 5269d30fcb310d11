"""YAML documents of the catalog: every scalar is the text that was written, and every complaint names file and line."""

import csv
import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
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
HOMES_SHOWN = 3
ANY = "*"  # in the place of a key: any item of a list, any key that the file makes up
YAML_ADVICE = "text that begins with {, [, *, & or % stands in quotes, and lines are indented by spaces alone"
PLAIN = {  # where the message of a validator speaks of Python, and not of the file
    "bool_parsing": "write true or false",
    "dict_type": "write keys and their values here",
    "int_parsing": "write a whole number",
    "model_type": "write keys and their values here",
    "string_type": "write one text here",
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
            raise CatalogError([f"{path}:{line}: not YAML: {error.problem}; {YAML_ADVICE}"]) from error
        except yaml.YAMLError as error:
            raise CatalogError([f"{path}: not YAML: {' '.join(str(error).split())}"]) from error
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
        line = f"{self.path}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise CatalogError([f"{line}: a key is one word; write it before the colon, without brackets or braces"])
        if (*place, key.value) in self.lines:
            raise CatalogError([f"{line}: {key.value!r} stands here a second time"])
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
            keys = list(_key_places(model))
            raise CatalogError([self._explain(each, keys) for each in _first_causes(error.errors())]) from error

    def _explain(self, error: ErrorDetails, keys: Sequence[Place]) -> str:
        place, text = tuple(self._known(error["loc"])), _message(error)
        where = _written(place)
        if error["type"] == "extra_forbidden":
            return self.problem(place, f"{where} is not a known key{_hint_of_key(place, keys)}")
        if error["type"] == "missing":
            return self.problem(place, f"{error['loc'][-1]!r} is missing{f' in {where}' if place else ''}")
        if error["input"] is None:
            return self.problem(place, f"{where}: nothing is written here")
        if isinstance(error["input"], dict | list):  # too much to repeat; what is wrong in it stands in the message
            return self._explain_whole(place, text)
        found = str(error["input"])
        hint = nearest(found, set(re.findall(r"'(\w+)'", text)) - {found})
        return self.problem(place, f"{where}: {text}; found {error['input']!r}{hint}")

    def _explain_whole(self, place: Place, text: str) -> str:
        """Find the line of the key that a complaint about a whole part of the document begins with."""
        named = re.match(r"([\w.]+)(: )?", text)
        inner = (*place, *named[1].split(".")) if named else place
        if not named or inner not in self.lines:
            return self.problem(place, f"{_written(place)}: {text}")
        if named[2]:
            place, text = inner, text[named.end() :]
        return self.problem(inner, f"{_written(place)}: {text}")


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


def _written(place: Place) -> str:
    return ".".join(str(part) for part in place if part != ANY) or "the document"


def _key_places(model: type[BaseModel]) -> Iterator[Place]:
    """Give the place of every key of a model and of all models inside it."""
    schema = model.model_json_schema()

    def walk(part: dict[str, Any], reached: Place) -> Iterator[Place]:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        for name, inside in part.get("properties", {}).items():
            yield (*reached, name)
            yield from walk(inside, (*reached, name))
        for inside in chain.from_iterable(part.get(choice, ()) for choice in ("anyOf", "oneOf")):
            yield from walk(inside, reached)
        for inside in (part.get(each) for each in ("items", "additionalProperties")):
            yield from walk(inside, (*reached, ANY)) if isinstance(inside, dict) else ()

    return walk(schema, ())


def _hint_of_key(place: Place, keys: Sequence[Place]) -> str:
    """Say which key may be meant by one that is not known: of those at its place first, then of all."""
    word = str(place[-1])
    here = {str(key[-1]) for key in keys if _fits(key[:-1], place[:-1])}
    if word in here:
        return " here"
    if word.isdigit():
        return "; a number is written with a decimal point, such as 0.30"
    if homes := sorted({_written(key[:-1]) for key in keys if key[-1] == word}):
        return f" here; it is a key of {' or '.join(homes[:HOMES_SHOWN])}"
    elsewhere = {str(key[-1]): _written(key) for key in reversed(keys)}
    for right in ({name: name for name in here}, elsewhere):
        for found in difflib.get_close_matches(word, sorted(right), n=1, cutoff=NEAR):
            return f"; did you mean {right[found]!r}?"
    return ""


def _fits(pattern: Place, place: Place) -> bool:
    """Tell whether a place of the document is one that a model speaks of."""
    return len(pattern) == len(place) and all(each in (ANY, part) for each, part in zip(pattern, place, strict=True))
