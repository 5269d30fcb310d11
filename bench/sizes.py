"""How much is measured, and how often: from the environment."""

import os

READINGS = int(os.environ.get("METERBRIDGE_BENCH_READINGS", "2000000"))  # of each shape
RECORDS = int(os.environ.get("METERBRIDGE_BENCH_RECORDS", "1000000"))
RUNS = int(os.environ.get("METERBRIDGE_BENCH_RUNS", "3"))
