"""The lab's command, called as a user would call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from demo.cluster import Cluster

COMMAND = Path(__file__).resolve().parent.parent / "lab"


class Lab:
    def __init__(self, name: str) -> None:
        self.name = name
        self._environment = {**os.environ, "LAB_NAME": name}

    def run(self, *words: str) -> None:
        subprocess.run([str(COMMAND), *words], env=self._environment, check=True)

    def read(self, *words: str) -> str:
        return subprocess.run(
            [str(COMMAND), *words], env=self._environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def environment(self) -> dict[str, Any]:
        return json.loads(self.read("env"))

    def status(self) -> dict[str, Any]:
        return json.loads(self.read("status", "--json"))

    def kill(self, owner: str, component: str) -> None:
        """By SIGKILL, of a site or of the hub between them; `up` starts it again."""
        status = self.status()
        owners = {"hub": status["hub"], **status["sites"]}
        os.kill(owners[owner]["components"][component]["pid"], signal.SIGKILL)

    def records(self, site: str) -> dict[str, dict[str, Any]]:
        """Claim to what its guest wrote on it; a volume that nobody wrote on has its own name."""
        report = json.loads(self.read("records", site, "--json"))
        return {volume["disk"] or volume["volume"]: volume for volume in report["volumes"]}

    def cluster(self, site: str) -> Cluster:
        return Cluster(Path(self.read("kubeconfig", site).strip()))
