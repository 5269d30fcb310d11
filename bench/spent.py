"""What a piece of work takes: wall and CPU seconds, and the most memory that its process has held."""

import time
from collections.abc import Callable
from pathlib import Path


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Do it once, and give its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_megabytes() -> int:
    """Give the most memory that this process has held; what `getrusage` tells begins with that of what started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if "VmHWM" in line)
    return int(line.split()[1]) // 1024
