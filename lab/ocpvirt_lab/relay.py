"""The host's way into the lab: ports on 127.0.0.1 whose listening sockets a process in the hub inherits."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.holder import FIRST_PASSED_FD
from ocpvirt_lab.layout import relayed
from ocpvirt_lab.process import Process

BACKLOG = 512


@contextlib.contextmanager
def listening(ports: dict[str, int]) -> Iterator[list[socket.socket]]:
    """A socket per forward, on the ports the lab had before, or free ones; `ports` is brought up to date."""
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        for name in relayed():
            sockets.append(stack.enter_context(_listen(ports.get(name))))
            ports[name] = sockets[-1].getsockname()[1]
        yield sockets


def _listen(kept: int | None) -> socket.socket:
    for port in (kept, 0) if kept else (0,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:  # somebody took the port while the lab was down; a free one comes next
            listener.close()
            continue
        listener.listen(BACKLOG)
        return listener
    raise LabError("no free port on 127.0.0.1 for the lab's relay")


def process(binaries: dict[str, Path]) -> Process:
    argv = [str(binaries["site"]), "relay"]
    for number, (host, port) in enumerate(relayed().values(), FIRST_PASSED_FD):
        argv += ["--forward", f"{number}={host}:{port}"]
    return Process("relay", argv)
