"""The charges that contribute to a commitment, held against the rest of the catalog once all of it is read."""

from collections.abc import Iterator, Mapping

from pipeline.catalog.documents import Document, nearest
from transforms.catalog.charge import Charge
from transforms.catalog.commitment import Commitment
from transforms.rating.contributions import contribution_problem

PLACE = ("pricing", "charges")


def contribution_problems(document: Document, charges: Mapping[str, Charge]) -> Iterator[str]:
    """Tell of each charge that a document's commitment names why it cannot contribute, with file and line."""
    committed = charges[document.path.stem]
    for name in committed.pricing.charges if isinstance(committed.pricing, Commitment) else ():
        if name not in charges:
            problem: str | None = f"{name!r} is no charge of the catalog{nearest(name, set(charges))}"
        else:
            problem = contribution_problem(committed, charges[name])
        if problem:
            yield document.problem(PLACE, f"pricing.charges: {problem}")
