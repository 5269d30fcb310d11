"""Landing by a program of its own, when the engine breaks off."""

import os
import subprocess
import sys

from pipeline.settings import PROJECT

PROGRAM = """
import sys
from pathlib import Path
import duckdb
from pipeline.readings.landing import landing
from pipeline.sources.files import RawFile
from transforms.catalog.source import Source

path, home = map(Path, sys.argv[1:])
columns = {"account": "account", "at": "at", "value": "value"}
try:
    with landing(Source(source="power", files="*.csv", columns=columns), RawFile(path, path.name), "0" * 64, home):
        print("landed")
except duckdb.Error as error:
    print(type(error).__name__)
"""


def test_a_program_can_go_on_and_end_when_the_engine_breaks_off_in_the_midst_of_a_file(tmp_path):
    seconds = range(36_000, 86_400)
    stamps = (f"2014-03-01T{n // 3600}:{n // 60 % 60:02}:{n % 60:02}Z" for n in seconds)
    day = "".join(f"A-1,{at},1.5\n" for at in stamps)
    path = tmp_path / "long.csv"
    path.write_text("account,at,value\n" + day * 20, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path, tmp_path / "home"],
        env=os.environ | {"PYTHONPATH": str(PROJECT), "METERBRIDGE_ENGINE_MEMORY": "3MB"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "OutOfMemoryException\n", "")
