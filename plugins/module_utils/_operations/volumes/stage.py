# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims of a stage with their volumes: which of them may go, and taking them away without their data (P8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.clock import Deadline
from ..._cluster.kinds import POD, PV, PVC, VM, VOLUME_ATTACHMENT, Kind
from ..._cluster.waiting import wait_for
from ..._errors import DrError
from ..._model.plan import Plan
from ..._model.pod_template import named_claims
from ..._model.vm import claim_names
from ..._model.workload import ENDED
from ..._planning.restore.ownership import made_here
from ..._planning.restore.stage_removal import why_volume_stays
from ..._planning.volumes.patch import VolumeDecision
from ..inventory.protected import key_of
from ..plan.groups import Groups
from ..run.session import Session
from .changes import Existing, settle


@dataclass(frozen=True)
class StagedVolume:
    """claim: namespace/name. pvc, pvs: what of it is at the stage. why: it goes."""

    claim: str
    pvc: Object | None
    pvs: tuple[Object, ...]
    why: str


def outdated(session: Session, decisions: Sequence[VolumeDecision], existing: Existing) -> list[StagedVolume]:
    """What a run of the plan made there and is not what the plan wants any more: it is made anew.

    A claim was enlarged or made anew where the plan lives, say, or is to get the data of a recovery point; what is in
    the claim's place cannot be changed.
    """
    if not (session.plan.metadata.prestage or session.run.recovery_point):
        return []
    found: list[StagedVolume] = []
    for decision in decisions:
        try:
            settle(decision, existing, session.target)
        except DrError as error:
            pvc, pvs = in_place(decision, existing)
            found.append(StagedVolume(decision.claim, pvc, pvs, error.seen or str(error)))
    if not found:
        return []
    users = users_by_claim(session.api, session.plan.namespaces, vms=False)
    return [item for item in found if not why_stays(session, item, users.get(item.claim, ()))]


def is_replaceable(plan: Plan, decision: VolumeDecision, existing: Existing, site: str) -> bool:
    """Whether what is in a volume's place is of a stage. That somebody uses it is left to the run to find out."""
    if not plan.metadata.prestage:
        return False
    pvc, pvs = in_place(decision, existing)
    return all(made_here(item, plan.name, site) for item in (pvc, *pvs) if item is not None)


def in_place(decision: VolumeDecision, existing: Existing) -> tuple[Object | None, tuple[Object, ...]]:
    """The claim and the volumes that the decision's could not stand beside."""
    pvc = existing.claims.get(decision.claim)
    names = {
        decision.pv["metadata"]["name"],
        *([pvc["spec"]["volumeName"]] if pvc and "volumeName" in pvc["spec"] else []),
    }
    return pvc, tuple(existing.volumes[name] for name in sorted(names) if name in existing.volumes)


def why_stays(session: Session, item: StagedVolume, users: Collection[str]) -> str:
    """The reason why it must not be removed; empty when it may."""
    plan, site = session.plan.name, session.target
    needed = ""
    if item.pvc is not None:
        group = session.groups.of_claim(item.pvc)
        namespace, _slash, name = item.claim.partition("/")
        needed = session.groups.provider(group).needed_by(group, site, (namespace, name))
    reasons = (why_volume_stays(item.pvc, pv, plan, site, users, needed) for pv in item.pvs or (None,))
    return next((why for why in reasons if why), "")


def users_by_claim(api: Api, namespaces: Sequence[str], vms: bool) -> dict[str, set[str]]:
    """Who names each claim: pods, volumes that are attached, and with vms every VM, halted or not."""
    users: dict[str, set[str]] = {}
    for namespace in namespaces:
        for pod in api.list(POD, namespace):
            if pod.get("status", {}).get("phase") not in ENDED:
                for name in named_claims(pod["spec"]):
                    users.setdefault(f"{namespace}/{name}", set()).add(f"Pod/{key_of(pod)}")
        for vm in api.list(VM, namespace) if vms else ():
            for name in claim_names(vm):
                users.setdefault(f"{namespace}/{name}", set()).add(f"VirtualMachine/{key_of(vm)}")
    attached = {
        item["spec"].get("source", {}).get("persistentVolumeName"): item["metadata"]["name"]
        for item in api.list(VOLUME_ATTACHMENT)
    }
    for pv in api.list(PV) if attached else ():
        ref = pv["spec"].get("claimRef") or {}
        if pv["metadata"]["name"] in attached:
            name = attached[pv["metadata"]["name"]]
            users.setdefault(f"{ref.get('namespace')}/{ref.get('name')}", set()).add(f"VolumeAttachment/{name}")
    return users


def join_replication(session: Session) -> list[str]:
    """Some products know a copy by its claim only: with that it becomes their secondary. Names of such groups."""
    # what was seen of the claims before they were made is no use any more
    groups = Groups(session.plan)
    here = groups.observe([session.target])[session.target]
    apart = {status.group for status in here if status.role != "secondary"}
    todo = [group for group in session.plan.groups if group.name in apart]
    for group in todo:
        session.verify_lock()
        groups.provider(group).enable(group, session.source, session.target)
    return [group.name for group in todo]


def remove(session: Session, items: Sequence[StagedVolume], timeout: float) -> None:
    """Claims first: a volume goes when it is Released. Retain keeps the data, as was looked at before."""
    deadline = Deadline(session.clock, timeout)
    claims = [item.pvc for item in items if item.pvc is not None]
    remove_objects(session, [(PVC, pvc) for pvc in claims], deadline)
    remove_objects(session, [(PV, pv) for item in items for pv in item.pvs], deadline)


def remove_objects(session: Session, items: Sequence[tuple[Kind, Object]], deadline: Deadline) -> None:
    """These very objects, by their uid; returns when they are gone."""

    def delete(pair: tuple[Kind, Object]) -> None:
        kind, item = pair
        meta = item["metadata"]
        session.api.delete(kind, meta["name"], meta.get("namespace"), meta.get("uid"))

    outcome = for_each(items, delete, before_batch=session.verify_lock)
    for _pair, error in outcome.failed:
        raise error
    for kind, item in items:
        _await_gone(session, kind, item["metadata"], deadline)


def without(existing: Existing, items: Sequence[StagedVolume]) -> Existing:
    """What is there once they are removed."""
    claims = {item.claim for item in items}
    names = {pv["metadata"]["name"] for item in items for pv in item.pvs}
    return Existing(
        {name: pv for name, pv in existing.volumes.items() if name not in names},
        {key: pvc for key, pvc in existing.claims.items() if key not in claims},
    )


def _await_gone(session: Session, kind: Kind, meta: Mapping[str, str], deadline: Deadline) -> None:
    def gone() -> tuple[bool, str]:
        seen = session.api.find(kind, meta["name"], meta.get("namespace"))
        if seen is None or seen["metadata"].get("uid") != meta.get("uid"):
            return True, ""
        return False, f"held by {', '.join(seen['metadata'].get('finalizers') or ()) or 'nobody'}"

    on = "/".join(part for part in (kind.kind, meta.get("namespace"), meta["name"]) if part)
    wait_for(session.clock, max(0.0, deadline.left), gone, "remove from the stage", session.api.site, on)
