"""The holder: init of the lab's own PID, mount and network namespaces, and the parent of every process in them.

The kernel ends all of them when the holder dies. Commands speak to it over a Unix socket in the lab's folder: one
JSON line in, one JSON line out; listening sockets for the relay travel beside the request.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ocpvirt_lab import network
from ocpvirt_lab.layout import SITES

SOCKET_NAME = "holder.sock"
MAX_FDS = 16
FIRST_PASSED_FD = 100
"""Passed sockets keep this number and the following ones in the process that inherits them."""
KILL_DEADLINE = 10


class Supervisor:
    def __init__(self) -> None:
        self._pids: dict[str, int] = {}
        self._argv: dict[str, list[str]] = {}
        self._exits: dict[int, int] = {}
        signal.signal(signal.SIGCHLD, self._reap)

    def _reap(self, *_: object) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._exits[pid] = os.waitstatus_to_exitcode(status)

    def handle(self, request: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        match request["do"]:
            case "start":
                return self.start(request, fds)
            case "list":
                return {key: {"pid": pid, "exit": self._exits.get(pid)} for key, pid in self._pids.items()}
            case "kill-site":
                return self._kill(lambda: _pids_in_site(request["site"]))
            case "stop":
                return self._kill(lambda: self._groups(request["keys"]))
        raise ValueError(f"unknown request {request['do']!r}")

    def start(self, request: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        key, argv = request["key"], request["argv"]
        if self._running(key):
            if self._argv[key] == argv:
                return {"pid": self._pids[key], "started": False}
            # it was rebuilt or configured differently meanwhile
            self._kill(lambda: self._groups([key]))
        self._argv[key] = argv
        if request["site"]:
            argv = ["nsenter", f"--net=/run/netns/{request['site']}", "--", *argv]
        actions: list[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        actions += [(os.POSIX_SPAWN_DUP2, fd, FIRST_PASSED_FD + index) for index, fd in enumerate(fds)]
        # an exit must not be reaped before its pid is known, and a stale exit of the same pid must go first
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        try:
            pid = os.posix_spawnp(argv[0], argv, request["env"], file_actions=actions, setsid=True, setsigmask=[])
            self._exits.pop(pid, None)
            self._pids[key] = pid
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        return {"pid": pid, "started": True}

    def _running(self, key: str) -> bool:
        return key in self._pids and self._pids[key] not in self._exits

    def _groups(self, keys: list[str]) -> list[int]:
        groups = {self._pids[key] for key in keys if key in self._pids}
        return [pid for pid in _processes() if _group(pid) in groups]

    def _kill(self, alive: Any) -> dict[str, Any]:
        deadline = time.monotonic() + KILL_DEADLINE
        killed: set[int] = set()
        while pids := alive():
            if time.monotonic() > deadline:
                raise TimeoutError(f"still there {KILL_DEADLINE} s after kill -9: pids {pids}")
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed.add(pid)
            time.sleep(0.01)
        # a dying process leaves its namespaces before its parent hears of it: `start` would take it for running
        ours = killed & set(self._pids.values())
        while unheard := ours - self._exits.keys():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no exit status {KILL_DEADLINE} s after kill -9: pids {sorted(unheard)}")
            time.sleep(0.01)
        return {"killed": len(killed)}


def _processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdecimal() and int(entry) != os.getpid()]


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _pids_in_site(site: str) -> list[int]:
    namespace = os.stat(f"/run/netns/{site}").st_ino
    found = []
    for pid in _processes():
        try:
            if os.stat(f"/proc/{pid}/ns/net").st_ino == namespace:
                found.append(pid)
        except OSError:  # it ended meanwhile, or is a zombie, which has no namespaces any more
            continue
    return found


def runtime_directory(site: str) -> Path:
    """For a site's Unix sockets, whose addresses must be short. It exists inside the holder only."""
    return Path("/run") / site


def _prepare_namespaces() -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    for site in SITES:
        subprocess.run(["ip", "netns", "add", site], check=True)
        runtime_directory(site).mkdir()
    subprocess.run(["ip", "-batch", "-"], input="\n".join(network.create()), text=True, check=True)
    for site in SITES:
        lines = "\n".join(network.site_lines(site))
        subprocess.run(["ip", "-netns", site, "-batch", "-"], input=lines, text=True, check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0")


def _serve(listener: socket.socket, supervisor: Supervisor) -> None:
    while True:
        select.select([listener], [], [])
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            fds: list[int] = []
            try:
                data, fds, _, _ = socket.recv_fds(connection, 1 << 20, MAX_FDS)
                while data and not data.endswith(b"\n"):
                    data += connection.recv(1 << 20)
                if not data:
                    continue
                try:
                    answer = {"ok": supervisor.handle(json.loads(data), fds)}
                except (OSError, ValueError, TimeoutError) as error:
                    answer = {"error": str(error)}
                connection.sendall(json.dumps(answer).encode() + b"\n")
            except OSError as error:
                print(f"a client went away: {error}", file=sys.stderr, flush=True)
            finally:
                for fd in fds:
                    os.close(fd)


def main() -> None:
    os.chdir(sys.argv[1])
    _prepare_namespaces()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    Path(SOCKET_NAME).unlink(missing_ok=True)
    # relative: the address of a Unix socket is limited to 107 characters, a checkout's path is not
    listener.bind(SOCKET_NAME)
    listener.listen(16)
    _serve(listener, Supervisor())


if __name__ == "__main__":
    main()
