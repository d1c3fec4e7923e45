# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One play as a user runs it: ansible-playbook with all the processes that it makes."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Played:
    """Of ansible-playbook with all its processes: seconds, those of the processor, and the largest one's memory."""

    seconds: float
    processor: float
    megabytes: float


def play(folder: Path, name: str, play: dict[str, Any], hosts: list[str], forks: int) -> Played:
    """On a local connection, whatever the hosts are called."""
    playbook = folder / f"{name}.yml"
    usual = {"connection": "local", "gather_facts": False}
    python = {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    playbook.write_text(yaml.safe_dump([{**usual, **python, **play}]))
    log = folder / f"{name}.log"
    began = time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen(
            ["ansible-playbook", "-i", ",".join(hosts) + ",", "-f", str(forks), str(playbook)],
            env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the playbook failed: {log.read_text()[-2000:]}")
    return Played(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
