import json
import os
import sys
import time

import psutil
import pytest

from stack import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Deaf to SIGTERM, with a child in a process group of its own, as Airflow's tasks are.
STUBBORN = [
    sys.executable,
    "-c",
    "import os, signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if os.fork() == 0: os.setpgid(0, 0)\n"
    "print(os.getpid(), flush=True)\n"
    "time.sleep(60)\n",
]


@pytest.fixture
def started(tmp_path):
    files = []

    def start(command, name="one"):
        file = tmp_path / f"{name}.json"
        files.append(file)
        return file, processes.start(command, env=os.environ, log=tmp_path / f"{name}.log", pid_file=file)

    yield start
    for file in files:
        processes.stop(file, timeout_seconds=0)


def test_a_started_process_is_remembered_and_stopped_with_its_pid_file(started):
    file, recorded = started(SLEEP)
    assert processes.recall(file) == recorded
    assert processes.stop(file, timeout_seconds=10) is True
    assert not processes.is_alive(recorded)
    assert not file.exists()


def test_a_stranger_that_was_given_the_pid_is_never_signalled(started):
    file, stranger = started(SLEEP)
    forged = file.with_name("forged.json")
    forged.write_text(json.dumps({"pid": stranger.pid, "created": "1.0"}))
    assert processes.stop(forged, timeout_seconds=1) is False
    time.sleep(0.2)
    assert processes.is_alive(stranger)
    assert not forged.exists()


def test_a_process_deaf_to_sigterm_is_killed_with_its_whole_session_and_nothing_else(started, tmp_path):
    bystander_file, bystander = started(SLEEP, "bystander")
    file, _ = started(STUBBORN, "stubborn")
    log = tmp_path / "stubborn.log"
    deadline = time.monotonic() + 10
    while len(log.read_text().split()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    family = [int(pid) for pid in log.read_text().split()]
    assert len(family) == 2
    assert processes.stop(file, timeout_seconds=1) is True
    alive = [pid for pid in family if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    assert alive == []
    assert processes.is_alive(bystander)
    assert bystander_file.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": "x", "created": "1"}'])
def test_a_pid_file_that_a_crash_left_unfinished_names_no_process(tmp_path, content):
    file = tmp_path / "pid.json"
    file.write_text(content)
    assert processes.recall(file) is None
    assert processes.stop(file, timeout_seconds=1) is False
