# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check finds of workloads: writers that no run stops, and what at the other site would stop a move."""

from __future__ import annotations

from collections.abc import Iterator

from ..._cluster.api import Api
from ..._cluster.kinds import POD
from ..._errors import DrError, Refused
from ..._model.capture import Capture
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._model.workload import ENDED, pods_of
from ..._planning.guards.writers import foreign_writers
from ..inventory.protected import Protected, key_of
from ..inventory.target_writers import waiting_at
from ..restore.workload_restore import decide_workloads


def findings_at_source(plan: Plan, api: Api, found: Protected) -> Iterator[Finding]:
    """Whoever uses claims of the plan and is not the plan's to stop."""
    pods = [pod for namespace in plan.namespaces for pod in api.list(POD, namespace)]
    workloads = found.workloads
    known = {key_of(pod) for pod in pods_of([*workloads.writers, *workloads.foreign.values()], pods)}
    unknown = [pod for pod in pods if key_of(pod) not in known and pod.get("status", {}).get("phase") not in ENDED]
    yield from foreign_writers(workloads.foreign.values(), unknown, found.claims, plan.selector, api.site)


def findings_at_target(plan: Plan, api: Api, found: Protected, capture: Capture) -> Iterator[Finding]:
    """What is there and would stop a move."""
    try:
        for key, used in waiting_at(plan, api, found.claims, "").items():
            message = f"it would mount {', '.join(used[:3])} before they are promoted and verified"
            remedy = "scale it to zero, or remove it, at this site; reprotect does so with what is the plan's own"
            yield Finding("blocker", "WaitingWriter", key, message, remedy, api.site)
        decide_workloads(plan, api, capture, "")
    except Refused as error:
        message, remedy = error.seen or str(error), error.next_step or "see the message"
        yield Finding("blocker", "WorkloadAtTarget", error.on or "plan", message, remedy, api.site)
    except DrError as error:
        remedy = error.next_step or "see the message"
        yield Finding("blocker", "SiteFailed", f"Site/{api.site}", str(error), remedy, api.site)
