"""ansible-playbook as a user runs it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Played:
    """returncode, output, seconds; changed: how many tasks changed something."""

    returncode: int
    output: str
    seconds: float

    @property
    def changed(self) -> int:
        return sum(int(count) for count in re.findall(r"changed=(\d+)", self.output))


def play(name: str, log: Path, *options: str, show: bool = True) -> Played:
    """Run a playbook of the collection; its output goes to the log, and to the terminal too when shown."""
    command = ["ansible-playbook", f"ocpvirt.dr.{name}", *options]
    environment = {
        **os.environ,
        "ANSIBLE_CALLBACKS_ENABLED": "ocpvirt.dr.progress",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "PYTHONUNBUFFERED": "1",
    }
    start = time.monotonic()
    lines = []
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n")
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            file.write(line)
            if show:
                print(f"  | {line}", end="", flush=True)
    return Played(process.wait(), "".join(lines), time.monotonic() - start)
