"""Tables as text for a person."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay rows out in columns; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        return "  none"
    columns = [_column(name, column) for name, column in zip(header, zip(*cells, strict=True), strict=True)]
    return "\n".join(("  " + "  ".join(line)).rstrip() for line in zip(*columns, strict=True))


def _column(name: str, cells: Sequence[str]) -> list[str]:
    width = max(len(cell) for cell in (name, *cells))
    numbers = all(_is_number(cell) for cell in cells)
    return [cell.rjust(width) if numbers else cell.ljust(width) for cell in (name, *cells)]


def _is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdecimal()
