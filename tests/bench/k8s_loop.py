# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same volumes by tasks of kubernetes.core.k8s in loops, as a playbook without us would have it.

Twice: until the volumes are created, which is all that a loop over them does, and until claims and volumes are bound.
Ours has created the claims too by the first, and has compared all by the second.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.tests.bench.many_volumes import WITHIN, Volumes, claim, volume
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.volumes import all_written
from demo.lab import Lab

COUNT = 200
GOAL = 60


def create(lab: Lab, folder: Path) -> list[Result]:
    """200 volumes, ours first."""
    ours = Volumes(lab, folder, "bench-module", COUNT)
    try:
        ran, run_id = ours.created_by_us()
    finally:
        ours.remove()
    theirs = Volumes(lab, folder, "bench-loop", COUNT)
    server = theirs.sites["west"]["nfs_server"]
    theirs.make_namespace()
    try:
        volumes = _created_in_a_loop(theirs, folder, [volume(theirs.space, name, server) for name in theirs.names])
        claims = _created_in_a_loop(theirs, folder, [claim(theirs.space, name) for name in theirs.names])
    finally:
        theirs.remove()
    created = (all_written(run_id) - ran.started).total_seconds()
    loop = "peer: kubernetes.core.k8s in a loop"
    return [
        _result(
            f"seconds until created, {COUNT} volumes; ours with their claims; {loop}, volumes only", created, volumes
        ),
        _result(
            f"seconds until bound and compared, {COUNT} claims and volumes; {loop} over both, until created",
            ran.seconds,
            volumes + claims,
        ),
    ]


def _result(metric: str, ours: float, peer: float) -> Result:
    times, goal = peer / ours, f"at least {GOAL} times faster"
    return Result("volumes_against_k8s_loop", metric, ours, peer, None, times, goal, times >= GOAL)


def _created_in_a_loop(volumes: Volumes, folder: Path, bodies: list[dict[str, Any]]) -> float:
    west = volumes.sites["west"]
    task = {
        "name": "Create all",
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
