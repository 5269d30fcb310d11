"""Run scripts in processes forked from this one, which has imported what they import: so do a scheduler's tasks begin.

It takes a line of JSON for each script (its words, its environment, the file that it prints to), and tells its exit
code.
"""

import importlib
import json
import os
import runpy
import signal
import sys
import traceback

LOADED = (
    "airflow.api_fastapi.execution_api.app",
    "airflow.dag_processing.dagbag",
    "airflow.sdk.execution_time.supervisor",
)
SECONDS_MAX = 300


def run(words, environment, output):
    """Run a script as a process of its own would, on the database that its environment names."""
    signal.alarm(SECONDS_MAX)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.environ.clear()
    os.environ.update(environment)
    settings = importlib.import_module("airflow.settings")
    settings.configure_vars()
    settings.reconfigure_orm()
    sys.argv = words
    code = 1
    try:
        runpy.run_path(words[0], run_name="__main__")
        settings.dispose_orm()  # SQLite then has all in one file, which can be copied
        code = 0
    except Exception:  # noqa: BLE001 whatever it is, it is shown, and told by the exit code
        traceback.print_exc(file=sys.stdout)
    finally:
        sys.stdout.flush()
        os._exit(code)  # nothing of the parent is wound up a second time


answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # what is logged by the imports is no answer
for name in LOADED:
    importlib.import_module(name)
importlib.import_module("pipeline.scheduled").preload()
for line in sys.stdin:
    if not (pid := os.fork()):
        run(*json.loads(line))
    answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
