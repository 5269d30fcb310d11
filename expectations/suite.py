"""What a suite is: the columns it needs, the columns it derives in the open, and its expectations.

Suites are plain data in the serialised form of Great Expectations (type and arguments), so that a step or a DAG can
name one without the seconds that importing it takes; `pipeline.usage.validate` turns them into its objects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd


class Effect(StrEnum):
    """What a broken expectation leads to; the values are severities of Great Expectations and shown in its reports."""

    QUARANTINE = "warning"  # the record is bad: it is set aside with the reason, the others go on
    STOP = "critical"  # the table as a whole cannot be trusted: the step fails


@dataclass(frozen=True)
class Expectation:
    """What must hold, as Great Expectations checks it; `sentence` says it to a person, as the reason of a failure."""

    sentence: str
    effect: Effect
    type: str
    arguments: dict[str, object]


@dataclass(frozen=True)
class Suite:
    """The expectations of one border.

    `derive` returns a new frame with the columns that the expectations need on top of `columns`; `label` is the column
    that names a row to a person. No two expectations of a suite share a sentence.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    derive: Callable[[pd.DataFrame], pd.DataFrame]
    expectations: tuple[Expectation, ...]
    counted: str = "rows"  # what a person calls the rows of the frame

    def missing(self, frame: pd.DataFrame) -> list[str]:
        """Name the columns that `frame` lacks."""
        return [column for column in self.columns if column not in frame.columns]


def quarantine_unless(sentence: str, expectation: str, **arguments: object) -> Expectation:
    """Expect something of every record; one that breaks it is set aside, with `sentence` as the reason."""
    return Expectation(sentence, Effect.QUARANTINE, expectation, arguments)


def stop_unless(sentence: str, expectation: str, **arguments: object) -> Expectation:
    """Expect something of the table as a whole; when it is broken the step fails, saying `sentence`."""
    return Expectation(sentence, Effect.STOP, expectation, arguments)
