"""Rules of one's own, one file each: `function: custom, rule: spread` finds the function `spread` by its name.

An `expression` works on a table of the engine, on any number of readings. A `frame` works on a pandas frame, with one
record's readings at a time: easier to write, for readings that fit into memory.
"""

from importlib import import_module
from pkgutil import iter_modules

from transforms.custom.rule import EXPRESSIONS, FRAMES, by_expression, by_frame

for _module in iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)

RULES = {*EXPRESSIONS, *FRAMES}

__all__ = ["EXPRESSIONS", "FRAMES", "RULES", "by_expression", "by_frame"]
