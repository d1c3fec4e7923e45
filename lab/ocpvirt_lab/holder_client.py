"""Starting, finding, asking and ending a lab's holder; everything here runs outside its namespaces."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocpvirt_lab import network
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.holder import SOCKET_NAME
from ocpvirt_lab.state import HolderRecord, LabFolder

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
START_DEADLINE = 15
END_DEADLINE = 15
REQUEST_TIMEOUT = 30
NAMESPACES = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]


@dataclass(frozen=True)
class ProcessState:
    pid: int
    """As seen inside the lab's PID namespace."""
    exit: int | None

    @property
    def running(self) -> bool:
        return self.exit is None


class Holder:
    def __init__(self, folder: LabFolder, record: HolderRecord) -> None:
        self._folder = folder
        self.record = record

    def request(self, do: str, *, fds: list[int] | None = None, **fields: Any) -> dict[str, Any]:
        data = json.dumps({"do": do, **fields}).encode() + b"\n"
        with _connected(self._folder.path, REQUEST_TIMEOUT) as connection:
            socket.send_fds(connection, [data], fds or [])
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline() or b'{"error": "it closed the connection"}')
        if "error" in answer:
            raise LabError(
                f"the holder (pid {self.record.pid}) could not {do} {fields.get('key', '')}: {answer['error']}"
            )
        return answer["ok"]

    def processes(self) -> dict[str, ProcessState]:
        return {key: ProcessState(**entry) for key, entry in self.request("list").items()}

    def command(self, argv: list[str], site: str | None = None) -> list[str]:
        """The command line that runs `argv` in the hub's or a site's namespaces."""
        enter = ["nsenter", f"--target={self.record.pid}", "--net", "--mount", "--pid"]
        if self.record.user_namespace:
            enter += ["--user", "--preserve-credentials"]
        if site:
            enter += ["--", "nsenter", f"--net=/run/netns/{site}"]
        return [*enter, "--", *argv]

    def ip(self, lines: list[str]) -> None:
        self._run(["ip", "-batch", "-"], "\n".join(lines))

    def links(self) -> dict[str, network.SiteLinks]:
        return network.read(self._run(["ip", "-json", "-details", "link", "show"]))

    def _run(self, argv: list[str], stdin: str = "") -> str:
        done = subprocess.run(self.command(argv), input=stdin, text=True, capture_output=True)
        if done.returncode:
            raise LabError(f"`{' '.join(argv)}` in the hub ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def host_pids(self) -> dict[int, int]:
        """Pid inside the lab -> pid on the host, of every process of the lab."""
        namespace = os.stat(f"/proc/{self.record.pid}/ns/pid").st_ino
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdecimal():
                continue
            try:
                if os.stat(f"/proc/{entry}/ns/pid").st_ino != namespace:
                    continue
                status = Path(f"/proc/{entry}/status").read_text()
            except OSError:  # it ended meanwhile, or belongs to somebody else
                continue
            inner = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1]
            found[int(inner)] = int(entry)
        return found


@contextlib.contextmanager
def _connected(directory: Path, timeout: float) -> Iterator[socket.socket]:
    handle = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(f"/proc/self/fd/{handle}/{SOCKET_NAME}")
            yield connection
    finally:
        os.close(handle)


def _starttime(pid: int) -> int | None:
    """The kernel's start time of a living process; None when there is none, or only a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def find(folder: LabFolder, record: HolderRecord | None) -> Holder | None:
    """The living holder; None when it never was or is dead (a pid that somebody else got counts as dead)."""
    if record is None or _starttime(record.pid) != record.starttime:
        return None
    return Holder(folder, record)


def start(folder: LabFolder) -> Holder:
    folder.create()
    (folder.path / SOCKET_NAME).unlink(missing_ok=True)
    attempts = []
    variants = [True] if os.geteuid() else [False, True]
    for user_namespace in variants:
        flags = ["--user", "--map-root-user"] if user_namespace else []
        command = ["unshare", *flags, *NAMESPACES, "--", sys.executable, "-m", "ocpvirt_lab.holder", str(folder.path)]
        log = folder.path / "holder.log"
        with log.open("w") as out:
            unshare = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(PACKAGE_ROOT)},
            )
        if _answers(folder, unshare):
            pid = int(Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()[0])
            starttime = _starttime(pid)
            if starttime is not None:
                return Holder(folder, HolderRecord(pid, starttime, user_namespace))
        unshare.kill()
        unshare.wait()
        attempts.append(f"$ {' '.join(command)}\n{log.read_text(errors='replace').strip()}")
    raise LabError(
        "cannot get network namespaces for the sites, neither as root nor through a user namespace. Tried:\n"
        + "\n".join(attempts)
        + "\nRun as root (CAP_SYS_ADMIN, CAP_NET_ADMIN), or allow unprivileged user namespaces"
        " (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces, AppArmor's restriction)."
    )


def _answers(folder: LabFolder, unshare: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline and unshare.poll() is None:
        try:
            with _connected(folder.path, 1):
                return True
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.05)
    return False


def end(holder: Holder) -> None:
    """Kills the holder, and with it, by the kernel, every process of the lab; returns when none is left."""
    pids = {pid: _starttime(pid) for pid in holder.host_pids().values()}
    os.kill(holder.record.pid, signal.SIGKILL)
    deadline = time.monotonic() + END_DEADLINE
    while left := [pid for pid, starttime in pids.items() if starttime is not None and _starttime(pid) == starttime]:
        if time.monotonic() > deadline:
            raise LabError(f"processes {left} are still there {END_DEADLINE} s after the holder was killed")
        time.sleep(0.05)
