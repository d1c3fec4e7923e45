# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a rehearsal away: its VMs, namespaces, volumes and copies, and nothing else (P8); what is left is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._cluster.api import Object
from ..._cluster.bulk import for_each
from ..._cluster.clock import Deadline
from ..._cluster.kinds import NAMESPACE, POD, PV, VM, VMI, Kind
from ..._errors import Timeout
from ..._model.plan import Plan
from ..._model.workload import ENDED
from ..._planning.rehearsal.place import clone_name
from ..entry import bounded
from ..inventory.namespaces import held_by
from ..inventory.protected import key_of
from ..run.session import Session
from ..stop.vm_stop import ForcedOff
from .place import check_made, spaces_there, volumes_there

POLL = 1.0


def clean_up(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """In the order in which nothing loses what it still uses; each part is looked at until it is gone."""
    with Session(plan, run_id, check_mode) as session, session.step("cleanup") as summary:
        check_made(plan, session.api)
        spaces, volumes = spaces_there(plan, session.api), volumes_there(plan, session.api)
        decisions = [f"{item['kind']}/{item['metadata']['name']} is removed" for item in (*spaces, *volumes)]
        copies: list[str] = []
        if not check_mode:
            removal = _Removal(session, timeout)
            removal.stop([item["metadata"]["name"] for item in spaces])
            removal.remove(NAMESPACE, spaces, lambda: spaces_there(plan, session.api), held_by)
            removal.remove(PV, volumes, lambda: volumes_there(plan, session.api), _why_volume_stays)
            copies = removal.copies(plan)
            decisions += [f"the copy of group {name} is removed, with its data" for name in copies]
        counts = {"namespaces": len(spaces), "volumes": len(volumes), "copies": len(copies)}
        summary.update(counts)
        session.progress.emit("cleanup", 1, 1)
        return {"changed": bool(spaces or volumes or copies), "decisions": bounded(decisions)}


class _Removal:
    """All parts share one deadline."""

    def __init__(self, session: Session, timeout: float) -> None:
        self._session = session
        self._deadline = Deadline(session.clock, timeout)

    def stop(self, spaces: list[str]) -> None:
        """Before their namespaces: KubeVirt cannot end VMs in one that is Terminating. A copy needs no graceful end."""
        api = self._session.api
        running = [key_of(vmi) for space in spaces for vmi in api.list(VMI, space)]
        ForcedOff(self._session, api, freeze=False).force(running)
        vms = [vm for space in spaces for vm in api.list(VM, space)]
        self._delete(VM, vms)

        def left() -> list[str]:
            found = [f"VirtualMachine/{key_of(vm)}" for space in spaces for vm in api.list(VM, space)]
            found += [f"VirtualMachineInstance/{key_of(vmi)}" for space in spaces for vmi in api.list(VMI, space)]
            pods = (pod for space in spaces for pod in api.list(POD, space) if _is_launcher(pod))
            return found + [f"Pod/{key_of(pod)}" for pod in pods]

        self._await("VMs of the rehearsal", left)

    def remove(
        self, kind: Kind, items: list[Object], look: Callable[[], list[Object]], why: Callable[[Object], str]
    ) -> None:
        self._delete(kind, items)
        self._await(
            f"{kind.plural} of the rehearsal",
            lambda: [f"{kind.kind}/{item['metadata']['name']}: {why(item)}" for item in look()],
        )

    def copies(self, plan: Plan) -> list[str]:
        """Last: what uses them is gone. Names of the groups that had one."""
        session, removed = self._session, []
        for group in plan.groups:
            provider = session.groups.provider(group)
            if not provider.capabilities.clones:
                continue
            session.verify_lock()
            if provider.unclone(group, session.target, clone_name(plan)):
                removed.append(group.name)
        return removed

    def _delete(self, kind: Kind, items: list[Object]) -> None:
        def delete(item: Object) -> None:
            meta = item["metadata"]
            self._session.api.delete(kind, meta["name"], meta.get("namespace"), meta.get("uid"))

        # an attempt that was killed asked for some of them before
        left = [item for item in items if "deletionTimestamp" not in item["metadata"]]
        outcome = for_each(left, delete, before_batch=self._session.verify_lock)
        for _item, error in outcome.failed:
            raise error

    def _await(self, what: str, look: Callable[[], list[str]]) -> None:
        while left := look():
            self._session.progress.emit("cleanup", 0, 1, waiting_for=", ".join(left[:3]))
            if self._deadline.over:
                raise Timeout(
                    f"wait until {what} are gone",
                    site=self._session.target,
                    on=left[0].partition(":")[0],
                    seen=f"{len(left)} are left: {'; '.join(left[:10])}",
                    wanted="nothing of the rehearsal",
                    waited=self._deadline.elapsed,
                    next_step="look at what holds them, then run test_cleanup again: it goes on with what is left",
                )
            self._session.clock.sleep(POLL)


def _is_launcher(pod: Object) -> bool:
    of_kubevirt = "kubevirt.io" in (pod["metadata"].get("labels") or {})
    return of_kubevirt and pod.get("status", {}).get("phase") not in ENDED


def _why_volume_stays(pv: Object) -> str:
    held = ", ".join(pv["metadata"].get("finalizers") or ()) or "no finalizer"
    return f"phase {pv.get('status', {}).get('phase', '?')}, held by {held}"
