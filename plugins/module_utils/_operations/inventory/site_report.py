# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site is and has: reachability, versions, APIs that the plan needs, the plan's VMs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._cluster.api import Api
from ..._cluster.kinds import BACKUP, CRD, STORAGE_LOCATION, VM, VMI
from ..._errors import DrError
from ..._model.plan import Plan
from ..plan.sites import Reach, reach
from .protected import key_of, list_vms

NEEDED = {"kubevirt": VM, "velero": BACKUP}


def sites_info(plan: Plan, sites: list[str]) -> dict[str, Any]:
    """A report per site. A site that does not answer is a result, not an error."""
    with ThreadPoolExecutor(max_workers=len(sites)) as pool:
        reports = list(pool.map(lambda name: site_report(plan, reach(plan, name)), sites))
    return {"changed": False, "sites": dict(zip(sites, reports, strict=True))}


def site_report(plan: Plan, there: Reach) -> dict[str, Any]:
    """state, version, apis (name to present), vms {total, running}, backup_storage (name to phase)."""
    report: dict[str, Any] = {
        "state": there.state,
        "message": there.message,
        "version": there.version,
        "apis": {},
        "vms": {"total": 0, "running": 0},
        "backup_storage": {},
    }
    if there.api is None:
        return report
    try:
        report["apis"] = present_apis(there.api)
        if report["apis"]["kubevirt"]:
            report["vms"] = _count_vms(plan, there.api)
        if report["apis"]["velero"]:
            report["backup_storage"] = storage_phases(plan, there.api)
    except DrError as error:
        report |= {"state": "failed", "message": str(error)}
    return report


def present_apis(api: Api) -> dict[str, bool]:
    """Which of the products that every plan needs are installed."""
    return {name: api.find(CRD, kind.resource) is not None for name, kind in NEEDED.items()}


def storage_phases(plan: Plan, api: Api) -> dict[str, str]:
    """Backup storage locations and their phase, as Velero sees them."""
    found = api.list(STORAGE_LOCATION, plan.metadata.namespace)
    return {item["metadata"]["name"]: item.get("status", {}).get("phase", "unknown") for item in found}


def _count_vms(plan: Plan, api: Api) -> dict[str, int]:
    vms = list_vms(plan, api)
    running = {
        key_of(vmi)
        for namespace in plan.namespaces
        for vmi in api.list(VMI, namespace)
        if vmi.get("status", {}).get("phase") == "Running"
    }
    return {"total": len(vms), "running": len(running & vms.keys())}
