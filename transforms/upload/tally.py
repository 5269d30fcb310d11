"""All that is wrong with a file: every problem counted, the first ones kept."""

from collections import Counter
from collections.abc import Iterable, Sequence

from transforms.upload.reasons import Problem

KEPT_MAX = 10_000
LISTED_MAX = 20
TEXT_MAX = 2000  # characters of an import's status reason


class Tally:
    """Problems, or cautions, of one file."""

    def __init__(self) -> None:
        """Start with none."""
        self.count = 0
        self.codes: Counter[str] = Counter()
        self.rows: set[int] = set()
        self._kept: list[Problem] = []

    def add(self, problems: Iterable[Problem]) -> None:
        """Count problems, and keep them while there is room."""
        for problem in problems:
            self.count += 1
            self.codes[problem.code] += 1
            if problem.row:
                self.rows.add(problem.row)
            if len(self._kept) < KEPT_MAX:
                self._kept.append(problem)

    @property
    def kept(self) -> Sequence[Problem]:
        """Give those that were kept, row by row."""
        return sorted(self._kept, key=lambda each: each.row)

    def listed(self) -> list[str]:
        """Give the first ones as texts."""
        return [str(each) for each in self.kept[:LISTED_MAX]]

    def reason(self) -> str:
        """Count the problems and name the first ones, in at most 2000 characters."""
        text = f"{self.count} problem{'s' * (self.count != 1)} in {len(self.rows)} row{'s' * (len(self.rows) != 1)}"
        for done, problem in enumerate(self.listed()):
            more = f"\nand {self.count - done} more: see the result file"
            if len(text) + len(str(problem)) + len(more) + 1 > TEXT_MAX:
                return text + more
            text += f"\n{problem}"
        return text + (f"\nand {self.count - LISTED_MAX} more: see the result file" if self.count > LISTED_MAX else "")
