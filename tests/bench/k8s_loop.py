# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same volumes by a task of kubernetes.core.k8s in a loop, as a playbook without us would have it.

It only creates the volumes. Our module creates their claims too, waits until all are bound and compares them.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import yaml
from ansible_collections.ocpvirt.dr.tests.bench.many_volumes import WITHIN, Volumes, volume
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from demo.lab import Lab

COUNT = 200
GOAL = 60


def create(lab: Lab, folder: Path) -> list[Result]:
    """200 volumes, ours first."""
    ours = Volumes(lab, folder, "bench-module", COUNT)
    try:
        seconds = ours.created_by_us()[0].seconds
    finally:
        ours.remove()
    theirs = Volumes(lab, folder, "bench-loop", COUNT)
    try:
        loop = _created_in_a_loop(theirs, folder)
    finally:
        theirs.remove()
    times = loop / seconds
    metric = (
        f"seconds, {COUNT} volumes; ours with their claims, bound and compared; peer: kubernetes.core.k8s in a loop"
    )
    goal = f"at least {GOAL} times faster"
    return [Result("volumes_against_k8s_loop", metric, seconds, loop, None, times, goal, times >= GOAL)]


def _created_in_a_loop(volumes: Volumes, folder: Path) -> float:
    west = volumes.sites["west"]
    bodies = [volume(volumes.space, name, west["nfs_server"]) for name in volumes.names]
    task = {
        "name": "Create the volumes",
        "kubernetes.core.k8s": {"kubeconfig": west["kubeconfig"], "state": "present", "definition": "{{ item }}"},
        "loop": bodies,
        "loop_control": {"label": "{{ item.metadata.name }}"},
    }
    playbook = folder / "loop.yml"
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [task],
    }
    playbook.write_text(yaml.safe_dump([play]))
    began = time.monotonic()
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", str(playbook)],
        env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    seconds = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"the loop failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds
