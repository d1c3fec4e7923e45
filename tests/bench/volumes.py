# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims and volumes at an API server: how fast we write them, and until all are bound and compared.

The peer is the PV controller: a client that does nothing but write has as many connections as we have, creates all
volumes, then all claims, and waits. What it writes a second is the limit of the API server.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import kubernetes
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.progress import progress_directory
from ansible_collections.ocpvirt.dr.tests.bench.many_volumes import WITHIN, WORKERS, Volumes, volume
from ansible_collections.ocpvirt.dr.tests.bench.many_volumes import claim as claim_of
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from demo.lab import Lab

COUNT = 10_000
WRITE_GOAL = 0.7
BOUND_GOAL = 1.15
MEMORY_GOAL = 400


class MinimalClient:
    """Bodies are encoded before, answers are not read."""

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes
        configuration = kubernetes.client.Configuration()
        kubernetes.config.load_kube_config(volumes.sites["west"]["kubeconfig"], client_configuration=configuration)
        configuration.connection_pool_maxsize = WORKERS
        self._host = configuration.host
        self._connections = kubernetes.client.ApiClient(configuration).rest_client.pool_manager
        self._headers = {"Content-Type": "application/json"}
        for setting in configuration.auth_settings().values():
            self._headers[setting["key"]] = setting["value"]

        space, server = volumes.space, volumes.sites["west"]["nfs_server"]
        self._pvs = [json.dumps(volume(space, name, server)).encode() for name in volumes.names]
        self._pvcs = [json.dumps(claim_of(space, name)).encode() for name in volumes.names]

    def create(self) -> float:
        """Seconds for all volumes, then all claims."""
        began = time.monotonic()
        self._post("/api/v1/persistentvolumes", self._pvs)
        self._post(f"/api/v1/namespaces/{self._volumes.space}/persistentvolumeclaims", self._pvcs)
        return time.monotonic() - began

    def await_bound(self) -> None:
        items, version = self._volumes.west.list_with_version(PVC, self._volumes.space)
        left = {item["metadata"]["name"] for item in items if item["status"]["phase"] != "Bound"}
        if not left:
            return
        for _event, item in self._volumes.west.watch(PVC, version, WITHIN, self._volumes.space):
            if item.get("status", {}).get("phase") == "Bound":
                left.discard(item["metadata"]["name"])
            if not left:
                return
        raise RuntimeError(f"{len(left)} claims are not bound")

    def _post(self, path: str, bodies: Sequence[bytes]) -> None:
        def post(body: bytes) -> None:
            answer = self._connections.request("POST", self._host + path, body=body, headers=self._headers)
            if answer.status != 201:
                raise RuntimeError(f"POST {path}: {answer.status} {answer.data.decode()}")

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(post, bodies))


def create(lab: Lab, folder: Path) -> list[Result]:
    """10,000 claims and volumes."""
    return create_many(lab, folder, COUNT)


def create_many(lab: Lab, folder: Path, count: int) -> list[Result]:
    ours = Volumes(lab, folder, "bench-ours", count)
    try:
        ran, run_id = ours.created_by_us()
    finally:
        ours.remove()
    writes, seconds = written(run_id)
    theirs = Volumes(lab, folder, "bench-theirs", count)
    theirs.make_namespace()
    client = MinimalClient(theirs)
    began = time.monotonic()
    try:
        raw = 2 * count / client.create()
        client.await_bound()
        alone = time.monotonic() - began
    finally:
        theirs.remove()
    rate, ratio = writes / seconds, ran.seconds / alone
    what = f"{count:,} claims and volumes"
    return [
        Result(
            "volumes",
            f"writes a second, {what}; limit: a client that only writes, {WORKERS} at once",
            rate,
            None,
            raw,
            rate / raw,
            f"at least {WRITE_GOAL} of limit",
            rate >= WRITE_GOAL * raw,
        ),
        Result(
            "volumes",
            f"seconds until bound and compared, {what}; peer: written by that client, bound by the PV controller alone",
            ran.seconds,
            alone,
            None,
            ratio,
            f"at most {BOUND_GOAL} of peer",
            ratio <= BOUND_GOAL,
        ),
        Result(
            "volumes",
            f"MB, {what}",
            ran.megabytes,
            None,
            None,
            ran.megabytes,
            f"below {MEMORY_GOAL} MB",
            ran.megabytes < MEMORY_GOAL,
        ),
    ]


def written(run_id: str) -> tuple[int, float]:
    """Writes and their seconds, marks among them, until the last claim and volume were created."""
    first, last = _writing(run_id)
    return last["done"] - first["done"], (_time(last) - _time(first)).total_seconds()


def all_written(run_id: str) -> datetime:
    """When the last claim and volume were created."""
    return _time(_writing(run_id)[1])


def _writing(run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the module said first, and last before it only waited."""
    lines = [json.loads(line) for line in (progress_directory() / f"{run_id}.jsonl").read_text().splitlines()]
    first_wait = next(number for number, line in enumerate(lines) if line["stage"] == "volumes bound")
    said = [line for line in lines[:first_wait] if line["stage"] == "volumes written"]
    return said[0], said[-1]


def _time(line: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(line["time"])
