"""Runs steps in processes that can be killed: started as a script, it loads what is heavy once and forks for each step.

A line of JSON on standard input names the step; `ready` with the process's pid is said when the step begins, `ended`
with its exit code when it is over.
"""

import json
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import great_expectations.core
import great_expectations.expectations  # noqa: F401 loaded before the fork: a kill shall hit the step, not the import

from pipeline import steps
from pipeline.catalog import Catalog
from pipeline.steps import Shop
from pipeline.store.engine import connect
from transforms.period import Period

MONTH = Period.of_month(2025, 3)
AT = datetime(2026, 1, 15, tzinfo=UTC)


def extract(shop: Shop) -> None:
    """Land what is new."""
    steps.extract(shop.store, shop.catalog.source("power"), shop.inbox, shop.home, until=AT)


def derive(shop: Shop) -> Path:
    """Derive the month."""
    return steps.derive(shop.store, shop.catalog, shop.catalog.meter("energy"), MONTH, shop.home, at=AT)


def map_usage(shop: Shop) -> Path:
    """Map what was derived."""
    return steps.map_usage(shop.store, shop.catalog, _newest(shop, "quantities"), shop.home)


def validate(shop: Shop) -> Path:
    """Validate what was mapped."""
    return steps.validate_usage(shop.store, shop.catalog, _newest(shop, "usage"), shop.home)


def load(shop: Shop) -> None:
    """Load what was validated."""
    steps.load(shop.store, shop.catalog, _newest(shop, "usage"), _newest(shop, "verdict"), shop.home)


def rate(shop: Shop) -> None:
    """Bill the month."""
    steps.rate(shop.store, shop.catalog, MONTH, shop.home, at=AT)


def export(shop: Shop) -> None:
    """Export the month."""
    steps.export(shop.store, MONTH, shop.home)


STEPS = (extract, derive, map_usage, validate, load, rate, export)


def _newest(shop: Shop, name: str) -> Path:
    (found,) = (shop.home / "work" / "energy" / str(MONTH)).glob(f"{name}-*.parquet")  # same content, same name
    return found


def _fork(url: str, folder: str, step: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        root = Path(folder)
        shop = Shop(connect(url), Catalog.read(root / "catalog"), root / "home", root / "inbox")
        _say(ready=os.getpid())
        next(each for each in STEPS if each.__name__ == step)(shop)
        code = 0
    except Exception:  # noqa: BLE001 whatever it is, it is shown, and told by the exit code
        traceback.print_exc()
    finally:
        os._exit(code)  # nothing of the parent is wound up a second time


def _say(**what: int) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


def main() -> None:
    """Serve until standard input ends."""
    _say(ready=os.getpid())
    for line in sys.stdin:
        pid = _fork(**json.loads(line))
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        _say(ended=-found.si_status if found.si_code == os.CLD_KILLED else found.si_status)
        sys.stdin.readline()  # whoever may still send a signal has done so: the pid can be given back
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
