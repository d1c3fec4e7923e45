# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One play as a user runs it: ansible-playbook with all the processes that it makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.tests.bench.process_cost import Cost, measured


def play(folder: Path, name: str, play: dict[str, Any], hosts: list[str], forks: int) -> Cost:
    """On a local connection, whatever the hosts are called."""
    playbook = folder / f"{name}.yml"
    usual = {"connection": "local", "gather_facts": False}
    python = {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    playbook.write_text(yaml.safe_dump([{**usual, **python, **play}]))
    words = ["ansible-playbook", "-i", ",".join(hosts) + ",", "-f", str(forks), str(playbook)]
    env = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"}
    status, output, cost = measured(words, env, stderr=subprocess.STDOUT)
    if status:
        raise RuntimeError(f"the playbook failed: {output.decode()[-2000:]}")
    return cost
