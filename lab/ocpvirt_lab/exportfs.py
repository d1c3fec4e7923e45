"""A double of exportfs: makes an export of the site's NFS server read-write or read-only, or withdraws it.

    exportfs -o ro|rw[,OPTION...] CLIENT:PATH
    exportfs -u CLIENT:PATH

The server is the lab's and in user space; it knows one role of an export for all clients. It is asked through its own
API, without a peer, so that nothing is replicated by itself. Standard library only, because it starts often.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

ROLES = {"ro": "secondary", "rw": "primary"}
CHANGES = {"ro": "demote", "rw": "promote"}
# without a peer nothing happens at an interval
INTERVAL = 86400
TIMEOUT = 30


class Refused(Exception):
    """What exportfs would say, on one line."""


class Server:
    def __init__(self, control: str, root: Path) -> None:
        self._control = control
        self._root = root
        # no proxy of the environment
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def export(self, path: str, mode: str) -> None:
        name = self._name(path)
        if not Path(path).is_dir():
            raise Refused(f"exportfs: Failed to stat {path}: No such file or directory")
        seen = self._ask("GET", name)
        if seen is None:
            self._ask("PUT", name, {"role": ROLES[mode], "peer": "", "interval_seconds": INTERVAL})
        elif seen["peer"]:
            raise Refused(f"exportfs: {path} is replicated by the lab's server itself, to {seen['peer']}")
        elif seen["role"] != ROLES[mode]:
            self._ask("POST", f"{name}/{CHANGES[mode]}", {})

    def withdraw(self, path: str) -> None:
        if self._ask("GET", self._name(path)) is None:
            raise Refused(f"exportfs: Could not find {path} to unexport.")
        self._ask("DELETE", self._name(path))

    def _name(self, path: str) -> str:
        folder = Path(path)
        if folder.parent != self._root:
            raise Refused(f"exportfs: {path}: the lab's server exports folders of {self._root} only")
        return folder.name

    def _ask(self, method: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The answer; None where there is no such export."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._control}/v1/exports/{what}", data, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise Refused(f"exportfs: {method} {what}: HTTP {error.code}: {error.read(300).decode()}") from error
        except OSError as error:
            raise Refused(f"exportfs: {method} {what}: {error}") from error


def main(arguments: list[str]) -> int:
    control, root, *words = arguments
    server = Server(control, Path(root))
    try:
        match words:
            case ["-o", options, target] if (mode := options.partition(",")[0]) in ROLES:
                server.export(target.rpartition(":")[2], mode)
            case ["-u", target]:
                server.withdraw(target.rpartition(":")[2])
            case _:
                raise Refused(f"exportfs: this double does not know {' '.join(words)}")
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
