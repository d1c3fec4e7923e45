"""The plan by which the product starts a fleet, and the replication that such a plan cannot do without."""

from __future__ import annotations

from typing import Any

import requests

from ocpvirt_lab.site_client import Object
from ocpvirt_lab.storm_fleet import CRITICAL, PLAN_LABEL, Fleet

SITE, PEER = "east", "west"
READY_WITHIN = "30m"
# seconds between transfers of an export that has nothing in it
INTERVAL = 3600


def plan_document(fleet: Fleet, sites: dict[str, Any], cap: int) -> Object:
    """sites: as `lab env` describes them."""
    name = fleet.namespace
    critical = {"name": "critical", "selector": {"matchLabels": CRITICAL}}
    return {
        "name": name,
        "home": SITE,
        "sites": {site: {"kubeconfig": facts["kubeconfig"]} for site, facts in sites.items()},
        "protect": {"namespaces": [name], "selector": {"matchLabels": {PLAN_LABEL: name}}},
        "replication": {
            "provider": "nfs",
            "groups": [{"name": name, "selector": {}}],
            "options": {"interval": INTERVAL, "sites": {site: _storage(facts) for site, facts in sites.items()}},
        },
        "startup": {
            "waves": [*([critical] if fleet.critical else []), {"name": "rest"}],
            "max_starting": cap,
            "readiness": {"agent": True, "timeout": READY_WITHIN},
        },
    }


def replicate(fleet: Fleet, sites: dict[str, Any]) -> None:
    """An export with nothing in it, primary where the fleet is: only there may a plan start."""
    for site, peer, role in ((PEER, SITE, "secondary"), (SITE, PEER, "primary")):
        body = {"role": role, "peer": sites[peer]["replication_peer"], "interval_seconds": INTERVAL}
        _export("PUT", fleet, sites[site], body)


def end_replication(fleet: Fleet, sites: dict[str, Any]) -> None:
    for facts in sites.values():
        _export("DELETE", fleet, facts, None)


def _export(method: str, fleet: Fleet, facts: dict[str, Any], body: Object | None) -> None:
    url = f"{facts['storage_url']}/v1/exports/{fleet.namespace}"
    requests.request(method, url, json=body, timeout=60).raise_for_status()


def _storage(facts: dict[str, Any]) -> dict[str, str]:
    return {
        "control": facts["storage_url"],
        "peer": facts["replication_peer"],
        "server": facts["nfs_server"],
        "path": facts["export_prefix"],
    }
