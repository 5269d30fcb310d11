"""Processes of the stack: started in a session of their own, remembered on disk, ended by pid and never by name.

A pid alone proves nothing: the machine may have given it to a stranger since. The pid file therefore keeps the
moment the process was created as well, and a process is signalled only when both agree.
"""

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Recorded:
    """A process as its pid file remembers it: `created` is psutil's creation time, as text."""

    pid: int
    created: str


def start(command: Sequence[str], *, env: Mapping[str, str], log: Path, pid_file: Path) -> Recorded:
    """Start `command`, whose first word is a path, in a new session, its output in `log`; remember it in `pid_file`.

    The session is what lets `stop` find every descendant, also those in process groups of their own.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    output = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    silence = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    both = (os.POSIX_SPAWN_DUP2, 1, 2)
    pid = os.posix_spawn(command[0], list(command), env, file_actions=[silence, output, both], setsid=True)
    recorded = Recorded(pid, repr(psutil.Process(pid).create_time()))
    pid_file.write_text(json.dumps(recorded.__dict__), encoding="utf-8")
    return recorded


def recall(pid_file: Path) -> Recorded | None:
    """Read a pid file; None when there is none or a crash left it unfinished."""
    try:
        content = json.loads(pid_file.read_text(encoding="utf-8"))
        return Recorded(int(content["pid"]), str(content["created"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def is_alive(recorded: Recorded) -> bool:
    """Tell whether the very process that was recorded still runs (a zombie does not)."""
    try:
        process = psutil.Process(recorded.pid)
        same = repr(process.create_time()) == recorded.created
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(pid_file: Path, *, timeout_seconds: int) -> bool:
    """End the recorded process by SIGTERM, after the timeout by SIGKILL of its session; True when it was running."""
    recorded = recall(pid_file)
    alive = recorded is not None and is_alive(recorded)
    if recorded is not None and alive:
        os.kill(recorded.pid, signal.SIGTERM)
        if not await_end(recorded, timeout_seconds):
            _kill_session(recorded)
    pid_file.unlink(missing_ok=True)
    return alive


def await_end(recorded: Recorded, timeout_seconds: float) -> bool:
    """Wait until the process and all of its session are gone; False when the time runs out."""
    deadline = time.monotonic() + timeout_seconds
    while is_alive(recorded) or _session(recorded.pid):
        if time.monotonic() > deadline:
            return False
        _reap(recorded.pid)
        time.sleep(0.05)
    _reap(recorded.pid)
    return True


def _reap(pid: int) -> None:
    """Collect the exit status where the process is our own child, or it would stay as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _session(leader: int) -> list[int]:
    return [pid for pid in psutil.pids() if pid != leader and _belongs(pid, leader)]


def _belongs(pid: int, leader: int) -> bool:
    try:
        return os.getsid(pid) == leader and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False


def _kill_session(recorded: Recorded) -> None:
    """Kill the leader first, so that it starts no new workers while its others are killed."""
    leader = [recorded.pid] if is_alive(recorded) else []
    for pid in [*leader, *_session(recorded.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    await_end(recorded, timeout_seconds=10)
