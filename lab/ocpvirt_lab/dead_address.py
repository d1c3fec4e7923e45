"""An address of a dead site, as its clients find it: it refuses, it drops what is sent to it, or it says nothing."""

from __future__ import annotations

import select
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import yaml

REFUSES, DROPS, SILENT = "refuses", "drops packets", "accepts and says nothing"
WAYS = (REFUSES, DROPS, SILENT)
BACKLOG = 128
POLL = 0.05
CHUNK = 65536

Span = tuple[float, float]


class DeadAddress:
    """A port of the loopback device. held: when each client waited at a silent one, until it gave up."""

    def __init__(self, way: str) -> None:
        self.held: list[Span] = []
        self._ended = threading.Event()
        self._open: dict[socket.socket, float] = {}
        self._fillers: list[socket.socket] = []
        # bound and not listening: the kernel refuses
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._hold, daemon=True)
        if way == DROPS:
            self._socket.listen(0)
            self._fill()
        elif way == SILENT:
            self._socket.listen(BACKLOG)
            self._thread.start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def kubeconfig(self, of: Path, file: Path) -> Path:
        """Of the same cluster, at this address."""
        config = yaml.safe_load(of.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://{self.place}"
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(config))
        return file

    def __enter__(self) -> DeadAddress:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        for connection in (self._socket, *self._fillers, *self._open):
            connection.close()

    def _fill(self) -> None:
        """Nobody accepts: once the queue is full, the kernel drops every SYN."""
        while True:
            filler = socket.socket()
            self._fillers.append(filler)
            filler.settimeout(1)
            try:
                filler.connect(self._socket.getsockname())
            except TimeoutError:
                return

    def _hold(self) -> None:
        while not self._ended.is_set():
            ready, _writable, _failed = select.select([self._socket, *self._open], [], [], POLL)
            for connection in ready:
                if connection is self._socket:
                    self._open[self._socket.accept()[0]] = time.time()
                elif not _said(connection):
                    self.held.append((self._open.pop(connection), time.time()))
                    connection.close()


def _said(connection: socket.socket) -> bytes:
    """What it sent; nothing when it has closed the connection."""
    with suppress(OSError):
        return connection.recv(CHUNK)
    return b""
