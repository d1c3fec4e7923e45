# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run to a site: what comes before its promotion, and the promotion by the module that Ansible would run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import SyncProof
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, new_run_id
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_site
from ansible_collections.ocpvirt.dr.tests.bench.module_process import Ran, run_module


def begun(plan: Plan, target: str = "west") -> str:
    """Id of a run whose final sync is proven, as the steps before the promotion leave it."""
    api = open_site(plan, target)
    (source,) = set(plan.sites) - {target}
    now = datetime.now(UTC)
    run = Run(
        new_run_id(plan.name, "relocate", target, now),
        plan.name,
        "relocate",
        source,
        target,
        plan.fingerprint(),
        now.isoformat(),
        source_state="reachable",
    )
    store = RunStore(api, plan.store_namespace)
    store.prepare()
    PlanLock(api, plan.store_namespace, plan.name).take(run.id, run.attempt)
    store.put_head(run.id, plan.name, run.as_dict())
    proofs = [SyncProof(group.name, True, "by the benchmark", "", "", run.started).as_dict() for group in plan.groups]
    store.put(run.id, plan.name, "sync", proofs)
    return run.id


def promoted(file: Path, run_id: str, groups: int, target: str = "west") -> Ran:
    """The module's run. A group that was primary before it did not have to be promoted, and would falsify its time."""
    ran = run_module("replication", plan=str(file), run_id=run_id, site=target, state="primary")
    if ran.result["switched"] != groups:
        raise RuntimeError(f"{ran.result['switched']} of {groups} groups were promoted")
    return ran
