# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards: may this be done at all? Pure functions over observations; each refusal says what to do (P1, P4, P10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..._errors import Refused
from ..._model.group_status import GroupStatus

# before the reason, among what is left at a site that was declared lost: it answered, and did not show it
UNSEEN = "what nobody could look for"


@dataclass(frozen=True)
class PeerClearance:
    """Why the other site cannot write: how its VMs and its volumes are known to be off.

    declared_lost: by the operator for this run. fenced: the surviving storage proved that it accepts nothing from
    there. waived: the operator's reason for going on without that proof. vms_off: observed in this run.
    """

    declared_lost: bool = False
    fenced: bool = False
    waived: str | None = None
    vms_off: bool = False

    @property
    def fence_debt(self) -> str | None:
        """What stays unproven after a start under this clearance (DESIGN §1)."""
        if not self.declared_lost or (self.vms_off and self.fenced):
            return None
        open_points = []
        if not self.vms_off:
            open_points.append("its VMs were not observed to be off")
        if not self.fenced:
            open_points.append(f"its storage was not fenced ({self.waived})")
        return "; ".join(open_points)


def check_one_writer(
    plan: str, target: str, source: str, here: Sequence[GroupStatus], there: Sequence[GroupStatus], peer: PeerClearance
) -> None:
    """P1: VMs may start at the target only if every group is primary here and provably not writable there."""
    if not here:
        raise Refused(
            "start VMs",
            site=target,
            on=f"plan {plan}",
            seen="no group was observed",
            wanted="every group of the plan, primary",
            next_step="look at replication.groups in the plan",
        )
    for status in here:
        check_primary(plan, target, status, "promote the group first")
    roles = {status.group: status for status in there}
    for status in here:
        other = roles.get(status.group)
        if other is not None and other.role == "secondary" and peer.vms_off:
            continue
        if peer.declared_lost and (peer.fenced or peer.waived):
            continue
        seen = _peer_state(other, peer)
        raise Refused(
            "start VMs",
            site=target,
            on=f"group {plan}/{status.group}",
            seen=f"at {source}: {seen}",
            wanted=f"secondary and without running VMs at {source}, or {source} declared lost and fenced",
            next_step=_clearance_hint(source, peer),
        )


def check_primary(plan: str, site: str, status: GroupStatus, remedy: str) -> None:
    """Refuse a start on a group that is not primary at the site. remedy: what makes it primary."""
    if status.role == "primary":
        return
    raise Refused(
        "start VMs",
        site=site,
        on=f"group {plan}/{status.group}",
        seen=f"role {status.role}: {status.message or status.health}",
        wanted="primary",
        next_step=f"{remedy}; nothing was started",
    )


def absent_is_secondary(statuses: Sequence[GroupStatus]) -> list[GroupStatus]:
    """Where a product answers that it has nothing of a group, nobody writes to it."""
    return [status if status.present else replace(status, role="secondary") for status in statuses]


def check_promotion(
    plan: str,
    target: str,
    source: str,
    here: GroupStatus,
    there: GroupStatus,
    forced: bool,
    proven: bool,
    peer: PeerClearance,
    atomic: bool = False,
) -> None:
    """A planned promotion wants the peer's demotion and its proof (P3); a forced one wants the peer declared lost.

    proven: the final sync of the demoted source was proven in this run. atomic: the demotion of the source has made the
    target primary, so that says nothing of a proof.
    """
    if here.role == "primary" and (forced or not atomic):
        return
    on = f"group {plan}/{here.group}"
    if not here.reachable:
        raise Refused(
            "promote",
            site=target,
            on=on,
            seen=f"the replication at {target} does not answer: {here.message}",
            wanted="an answer from the surviving storage",
            next_step=f"bring the storage at {target} back first",
        )
    if forced and not peer.declared_lost:
        raise Refused(
            "promote by force",
            site=target,
            on=on,
            seen=f"{source} was not declared lost",
            wanted=f"dr_declare_lost={source}",
            next_step=f"relocate if {source} works; declare it lost only if it is",
        )
    if not forced and there.role != "secondary":
        raise Refused(
            "promote",
            site=target,
            on=on,
            seen=f"at {source}: role {there.role}",
            wanted=f"secondary at {source} (unknown is not secondary)",
            next_step=f"demote it at {source}, or declare {source} lost",
        )
    if not forced and not proven:
        raise Refused(
            "promote",
            site=target,
            on=on,
            seen="no proof of this run that everything has arrived",
            wanted=f"the final sync from {source}, proven after its demotion",
            next_step="run the sync step first",
        )
    if here.health == "diverged":
        raise Refused(
            "promote",
            site=target,
            on=on,
            seen="this copy has diverged from its peer",
            wanted="a copy that followed its primary",
            next_step="find out which site's data is wanted, then resynchronise the other",
        )


def check_machines_off(plan: str, target: str, source: str, left: Sequence[str] | None, waived: str | None) -> None:
    """A cluster may outlive its storage: where it answers, that its VMs are off is proven before their copies are used.

    left: what of the plan could still write there, `UNSEEN` where it refuses to show that; None when it gave no answer.
    A storage that is dead lets go of no volume, so attachments alone prove nothing.
    """
    machines = [item for item in left or () if not item.startswith("VolumeAttachment/")]
    if not machines or waived:
        return
    unseen = [item.removeprefix(f"{UNSEEN}: ") for item in machines if item.startswith(UNSEEN)]
    if unseen:
        seen = f"{source} answers and does not show what runs there: {unseen[0]}"
        remedy = f"give the account of sites.{source} valid credentials and its rights (docs/rbac.md), then start again"
        remedy += "; if nobody can (docs/fence_debt.md), say why that is borne"
    else:
        seen = f"{source} answers, and {len(machines)} are left there: {', '.join(machines[:5])}"
        remedy = "look at these (docs/quiesce.md), then start again; if nobody can stop them, say why that is borne"
    raise Refused(
        "promote by force",
        site=target,
        on=f"plan {plan}",
        seen=seen,
        wanted=f"no VMI and no pod of the plan at {source}",
        next_step=f"{remedy}: dr_waive_fencing=<reason>",
    )


def _peer_state(other: GroupStatus | None, peer: PeerClearance) -> str:
    if other is None or not other.reachable:
        return "no answer" + ("" if peer.declared_lost else ", and it was not declared lost")
    if other.role == "secondary":
        return "secondary, but VMs were not proven off there"
    return f"role {other.role}"


def _clearance_hint(source: str, peer: PeerClearance) -> str:
    if peer.declared_lost:
        return f"fence {source}, or waive it by name: dr_waive_fencing=<reason>"
    return f"if {source} is lost, say so: dr_declare_lost={source}; if it works, stop the plan there first"
