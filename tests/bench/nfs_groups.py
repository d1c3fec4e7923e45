# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many consistency groups of provider nfs, on the lab's storage servers."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import urllib3
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.tests.bench.module_process import run_module
from ansible_collections.ocpvirt.dr.tests.bench.promotion import begun, promoted
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from demo.cluster import wait_until
from demo.lab import Lab

MANY = 500
STATUS = 1000
ALONE = 5
# seconds between two transfers: long, so that the servers have nothing to do but to answer
INTERVAL = 3600
WORKERS = 16
REQUEST_GOAL = 6
GOAL = 1.5
LIMIT_GOAL = 1.1


class Exports:
    """Empty exports that replicate from east to west."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.sites: dict[str, Any] = lab.environment()["sites"]
        self._folder = folder
        self._session = requests.Session()
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=WORKERS))

    def plan(self, name: str, exports: list[str]) -> tuple[Plan, Path]:
        groups = [{"name": export, "selector": {"matchLabels": {"group": export}}} for export in exports]
        options = {
            site: {
                "control": facts["storage_url"],
                "peer": facts["replication_peer"],
                "server": facts["nfs_server"],
                "path": facts["export_prefix"],
            }
            for site, facts in self.sites.items()
        }
        document = {
            "name": name,
            "home": "east",
            "sites": {site: {"kubeconfig": facts["kubeconfig"]} for site, facts in self.sites.items()},
            "protect": {"namespaces": ["bench"], "selector": {"matchLabels": {"bench": "true"}}},
            "replication": {
                "provider": "nfs",
                "groups": groups,
                "options": {"interval": INTERVAL, "sites": options},
            },
        }
        file = self._folder / f"{name}.yml"
        file.write_text(yaml.safe_dump(document))
        return parse_plan(document), file

    def create(self, names: list[str]) -> None:
        for site, peer, role in (("west", "east", "secondary"), ("east", "west", "primary")):
            body = {"role": role, "peer": self.sites[peer]["replication_peer"], "interval_seconds": INTERVAL}
            self._each(names, "PUT", site, "", body)

        def not_arrived() -> list[str]:
            answer = self._session.get(f"{self.sites['west']['storage_url']}/v1/exports", timeout=60).json()
            known = {item["name"] for item in answer["exports"] if item["last_sync"]}
            return [name for name in names if name not in known]

        wait_until("the first transfers", 600, not_arrived)

    def demote_and_sync(self, names: list[str]) -> None:
        for verb in ("/demote", "/sync"):
            self._each(names, "POST", "east", verb, {})

    def promoted_by_hand(self, names: list[str]) -> float:
        """Seconds of the storage's own promotions at west: our library, as many connections, and nothing else."""
        url = f"{self.sites['west']['storage_url']}/v1/exports"
        connections = urllib3.PoolManager(maxsize=WORKERS)

        def promote(name: str) -> None:
            answer = connections.request("POST", f"{url}/{name}/promote", body=b'{"force": false}')
            if answer.status != requests.codes.ok:
                raise RuntimeError(f"promote {name}: {answer.status} {answer.data.decode()}")

        began = time.monotonic()
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(promote, names))
        return time.monotonic() - began

    def delete(self, names: list[str]) -> None:
        for site in self.sites:
            self._each(names, "DELETE", site, "", None)

    def requests_at(self, site: str) -> int:
        """Requests that the site's control API has been sent since its start."""
        answer = self._session.get(f"{self.sites[site]['storage_url']}/healthz", timeout=60)
        return int(answer.json()["requests"])

    def _each(self, names: list[str], method: str, site: str, verb: str, body: Any) -> None:
        url = self.sites[site]["storage_url"]

        def send(name: str) -> None:
            answer = self._session.request(method, f"{url}/v1/exports/{name}{verb}", json=body, timeout=120)
            answer.raise_for_status()

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(send, names))


def promote(lab: Lab, folder: Path) -> list[Result]:
    """500 groups promoted at once, against one group alone (median of 5), by the same module.

    The limit is one group alone, and the storage's own time for as many others.
    """
    exports = Exports(lab, folder)
    many = [f"many-{number}" for number in range(MANY)]
    alone = [f"alone-{number}" for number in range(ALONE)]
    others = [f"others-{number}" for number in range(MANY)]
    every = [*many, *alone, *others]
    exports.create(every)
    try:
        exports.demote_and_sync(every)
        singles = [_promoted(exports, name, [name])[0] for name in alone]
        seconds, sent = _promoted(exports, "many", many)
        by_hand = exports.promoted_by_hand(others)
    finally:
        exports.delete(every)
    one = statistics.median(singles)
    per_group = sent / MANY
    limit = one + by_hand
    metric = f"seconds, {MANY} groups; peer: one group; limit: one group, and the storage alone for {MANY}"
    within = seconds <= LIMIT_GOAL * limit
    goal = f"at most {REQUEST_GOAL} requests a group"
    return [
        Result("nfs_promote", metric, seconds, one, limit, seconds / one, f"at most {GOAL}", seconds <= GOAL * one),
        Result("nfs_promote", metric, seconds, one, limit, seconds / limit, f"at most {LIMIT_GOAL} of limit", within),
        Result("nfs_promote", "requests a group", per_group, None, None, per_group, goal, per_group <= REQUEST_GOAL),
    ]


def _promoted(exports: Exports, name: str, names: list[str]) -> tuple[float, int]:
    """Seconds of the module, and requests that both servers answered meanwhile."""
    plan, file = exports.plan(f"bench-{name}", names)
    run_id = begun(plan)
    before = sum(exports.requests_at(site) for site in exports.sites)
    ran = promoted(file, run_id, len(names))
    after = sum(exports.requests_at(site) for site in exports.sites)
    return ran.seconds, after - before


def status(lab: Lab, folder: Path) -> list[Result]:
    """`status` of 1,000 groups at two sites: time and memory of its module."""
    exports = Exports(lab, folder)
    names = [f"status-{number}" for number in range(STATUS)]
    exports.create(names)
    try:
        _plan, file = exports.plan("bench-status", names)
        ran = run_module("plan_status", plan=str(file))
    finally:
        exports.delete(names)
    if ran.result["lives_at"] != "east":
        raise RuntimeError(f"the plan lives at {ran.result['lives_at'] or 'no site'}")
    metric = f"{STATUS} groups at two sites"
    return [
        Result("status", f"seconds, {metric}", ran.seconds, None, None, ran.seconds, "below 5 s", ran.seconds < 5),
        Result(
            "status", f"MB, {metric}", ran.megabytes, None, None, ran.megabytes, "below 150 MB", ran.megabytes < 150
        ),
    ]
