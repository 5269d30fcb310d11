"""Validate: hold a frame against a suite; set bad records aside with a reason, or say why the step must fail."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from expectations.suite import Effect, Expectation, Suite
from pipeline.durable import aside, publish

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
ROWS_NAMED = 5  # of those that a table fails for; the report shows more
# Positions of all offending rows, not the rows themselves.
POSITIONS = {"result_format": "COMPLETE", "include_unexpected_rows": False, "return_unexpected_index_query": False}


@dataclass(frozen=True)
class Verdict:
    """The outcome of a validation.

    `reasons` tells, by frame index, why a record is quarantined; `failures` says in sentences why the step must fail;
    `results` is a summary ready for JSON, the same for the same frame; `docs` is the report, None for an empty frame.
    """

    passed: bool
    reasons: dict[int, str]
    failures: tuple[str, ...]
    results: dict[str, Any]
    docs: Path | None


def validate(frame: pd.DataFrame, suite: Suite, docs: Path, name: str) -> Verdict:
    """Hold `frame` against `suite` and write the report to `docs/<name>.html`; the frame is left as it is.

    An empty frame is valid and gets no report. ValueError when the frame lacks a column or repeats an index label, or
    when `name` is no plain file name; OSError when the report cannot be written.
    """
    if len(frame) == 0:
        return Verdict(passed=True, reasons={}, failures=(), results=_results(suite, 0, []), docs=None)
    _refuse_unusable(frame, suite, name)
    result = _run(suite.derive(frame.reset_index(drop=True)), suite)
    outcomes = _in_order(suite, result)
    failures = tuple(_failure(outcome, frame[suite.label], suite.counted) for outcome in outcomes if outcome.fails)
    return Verdict(
        passed=not failures,
        reasons=_reasons(outcomes, frame.index),
        failures=failures,
        results=_results(suite, len(frame), outcomes),
        docs=_write_report(result, docs, name),
    )


@dataclass(frozen=True)
class _Outcome:
    """What came of one expectation: the positions of the rows that break it, or the error that kept it from running."""

    expectation: Expectation
    success: bool
    rows: tuple[int, ...]
    error: str

    @property
    def fails(self) -> bool:
        """Tell whether the step must fail: the table is wrong, or nobody knows because the check itself broke."""
        return not self.success and (self.expectation.effect is Effect.STOP or not self.rows)


def _refuse_unusable(frame: pd.DataFrame, suite: Suite, name: str) -> None:
    if missing := suite.missing(frame):
        raise ValueError(f"the frame for the suite '{suite.name}' lacks the columns {', '.join(missing)}")
    if not frame.index.is_unique:
        raise ValueError("the frame repeats an index label, so a reason could not be given to a single record")
    if not NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no plain file name: letters, digits, '-', '_' and '.' only")


def _run(frame: pd.DataFrame, suite: Suite) -> "ExpectationSuiteValidationResult":
    """Run the expectations; those that are broken once more, for the positions of all offending rows.

    To ask for positions takes a third of the time more, and what holds has none: its part of the report is the same.
    """
    context = _context()
    import great_expectations as gx  # noqa: PLC0415 it is loaded by then; the name is needed here

    batch = context.data_sources.pandas_default.read_dataframe(frame)
    expectations = {each.sentence: _configured(each) for each in suite.expectations}
    result = batch.validate(gx.ExpectationSuite(suite.name, list(expectations.values())), result_format="BASIC")
    if not result.success:
        broken = [expectations[_sentence(one)] for one in result.results if not one.success]
        again = batch.validate(gx.ExpectationSuite(suite.name, broken), result_format=POSITIONS)
        positions = {_sentence(one): one for one in again.results}
        result.results = [positions.get(_sentence(one), one) for one in result.results]
    result.meta = {"great_expectations_version": gx.__version__}  # its times would make each report differ
    return result


def _sentence(result: "ExpectationValidationResult") -> str:
    """Give the sentence of the expectation that a result is of; no two of a suite have the same."""
    return str(result.expectation_config and result.expectation_config.description)


def load() -> None:
    """Load Great Expectations, silent: no usage statistics sent. That takes seconds, and an empty frame needs none."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # it notes all that it skips
    with _without_spark():
        from expectations import page  # noqa: F401, PLC0415 it renders with Great Expectations, and imports it


def _context() -> "EphemeralDataContext":
    """Make a context without progress bars, nothing of which is kept on disk.

    Each validation gets one of its own, which lets go of the frame afterwards.
    """
    load()
    import great_expectations as gx  # noqa: PLC0415 it is loaded by then; the name is needed here
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415 as above

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


@contextmanager
def _without_spark() -> Iterator[None]:
    """Hide PySpark, where it is installed, while Great Expectations looks for it.

    Suites run on pandas alone, and PySpark's client ends a process that has no main file when a package of its own is
    missing.
    """
    hidden = {name for name in ("pyspark", "pyspark.sql.connect") if name not in sys.modules}
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None stands for what cannot be imported
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def _configured(expectation: Expectation) -> Any:  # noqa: ANN401 its own base class is not exported with a type
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415 seconds of import
        ExpectationConfiguration,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity  # noqa: PLC0415 as above

    return ExpectationConfiguration(
        type=expectation.type,
        kwargs=dict(expectation.arguments),
        description=expectation.sentence,
        severity=FailureSeverity(expectation.effect.value),
    ).to_domain_obj()


def _in_order(suite: Suite, result: "ExpectationSuiteValidationResult") -> list[_Outcome]:
    """Bring the results, which come grouped by column, into the order of the suite."""
    by_sentence = {_sentence(one): one for one in result.results}
    return [_outcome(expectation, by_sentence[expectation.sentence]) for expectation in suite.expectations]


def _outcome(expectation: Expectation, result: "ExpectationValidationResult") -> _Outcome:
    rows = tuple(sorted(result.result.get("unexpected_index_list") or ()))
    return _Outcome(expectation, bool(result.success), rows, _error(result.exception_info or {}))


def _error(raised: Mapping[str, Any]) -> str:
    """Find the message of the first error; it stands at the top, or one level down under the measure that raised it."""
    candidates = [raised, *(detail for detail in raised.values() if isinstance(detail, dict))]
    return next((str(one["exception_message"]) for one in candidates if one.get("exception_message")), "")


def _reasons(outcomes: list[_Outcome], index: pd.Index) -> dict[int, str]:
    """Collect, by frame index and in the order of the suite, everything that is wrong with a record."""
    broken: dict[int, list[str]] = {}
    for outcome in outcomes:
        if outcome.expectation.effect is Effect.QUARANTINE:
            for row in outcome.rows:
                broken.setdefault(row, []).append(outcome.expectation.sentence)
    return {index[row]: f"expectation: {'; '.join(broken[row])}" for row in sorted(broken)}


def _failure(outcome: _Outcome, labels: "pd.Series[Any]", counted: str) -> str:
    """Say to a person what does not hold, in how many rows or files, and name the first of them."""
    sentence = outcome.expectation.sentence
    if not outcome.rows:
        return f"{sentence}: could not be checked ({outcome.error})"
    named = ", ".join(str(labels.iloc[row]) for row in outcome.rows[:ROWS_NAMED])
    rest = ", …" if len(outcome.rows) > ROWS_NAMED else ""
    return f"{sentence}: not so in {len(outcome.rows)} of {len(labels)} {counted} ({named}{rest})"


def _results(suite: Suite, rows: int, outcomes: list[_Outcome]) -> dict[str, Any]:
    expectations = [
        {
            "expectation": outcome.expectation.sentence,
            "type": outcome.expectation.type,
            "effect": outcome.expectation.effect.name.lower(),
            "success": outcome.success,
            "unexpected": len(outcome.rows),
        }
        for outcome in outcomes
    ]
    return {"suite": suite.name, "rows": rows, "expectations": expectations}


def _write_report(result: "ExpectationSuiteValidationResult", docs: Path, name: str) -> Path:
    """Write the report whole or not at all."""
    from expectations.page import page  # noqa: PLC0415 it is loaded by now

    target = docs / f"{name}.html"
    with aside(docs) as written:
        written.write_text(page(result, f"{result.suite_name}: {name}"), encoding="utf-8")
        publish(written, target)
    return target
