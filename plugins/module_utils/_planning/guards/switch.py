# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a planned move and of the ways back. Pure; each refusal says what to do (P1, P3, P10)."""

from __future__ import annotations

from collections.abc import Sequence

from ..._errors import Refused
from ..._model.group_status import GroupStatus


def check_movable(
    plan: str, target: str, source: str, here: Sequence[GroupStatus], there: Sequence[GroupStatus]
) -> None:
    """A planned move begins where the source is primary and the target follows, or knows nothing of the group yet."""
    for mine, other in zip(here, there, strict=True):
        on = f"group {plan}/{mine.group}"
        if other.role == "primary" and mine.role == "primary":
            raise Refused(
                "begin a planned move",
                on=on,
                seen=f"primary at {source} and at {target}",
                wanted="one primary",
                next_step=f"reprotect, with dr_target={source} if the data of {source} is to stay",
            )
        if other.role == mine.role == "secondary":
            raise Refused(
                "begin a planned move",
                on=on,
                seen=f"secondary at {source} and at {target}, and no record of a run that demoted {source}",
                wanted="one primary",
                next_step=f"find out where {plan} ran last; if {target} has all of its data, as after a final sync, run"
                f" failover with dr_target={target} and dr_declare_lost={source}; nothing is promoted before that",
            )
        if other.role != "primary":
            raise Refused(
                "begin a planned move",
                site=source,
                on=on,
                seen=_shown(other),
                wanted="primary",
                next_step=f"bring the replication at {source} in order; nothing was changed",
            )
        if mine.present and mine.role != "secondary":
            raise Refused(
                "begin a planned move",
                site=target,
                on=on,
                seen=_shown(mine),
                wanted="secondary",
                next_step=f"bring the replication at {target} in order; nothing was changed",
            )
        if mine.health == "diverged":
            raise Refused(
                "begin a planned move",
                site=target,
                on=on,
                seen=_shown(mine),
                wanted=f"a copy that follows {source}",
                next_step="reprotect first: it resynchronises the copy",
            )
        if _has_failed(mine):
            raise Refused(
                "begin a planned move",
                site=target,
                on=on,
                seen=_shown(mine),
                wanted=f"a copy that follows {source}",
                next_step=f"remove what the product names, or reprotect with dr_target={source}, which resynchronises"
                " the copy; nothing was stopped",
            )


def _has_failed(copy: GroupStatus) -> bool:
    """Whether its product has given up on it: the final sync would wait in vain, with the VMs off. One whose last
    transfer failed, and which takes the next one, has not."""
    return copy.role == "secondary" and copy.health == "error" and copy.direction != "incoming"


def check_stageable(
    plan: str,
    target: str,
    source: str,
    here: Sequence[GroupStatus],
    there: Sequence[GroupStatus],
    tried: str = "refresh the stage",
) -> None:
    """A stage is kept, and a move rehearsed, where the plan does not live: no copy there is writable, its peer is the
    primary one."""
    for mine, other in zip(here, there, strict=True):
        follows = mine.role == "secondary" or (not mine.present and mine.role != "primary")
        if other.role == "primary" and follows:
            continue
        wrong, site, wanted = (other, source, "primary") if other.role != "primary" else (mine, target, "secondary")
        raise Refused(
            tried,
            site=site,
            on=f"group {plan}/{mine.group}",
            seen=_shown(wrong),
            wanted=wanted,
            next_step=f"bring the replication at {site} in order (`check` says more); nothing was changed",
        )


def check_demotion(plan: str, site: str, groups: Sequence[GroupStatus], vms_off: bool) -> None:
    """P3: what VMs may still write to is not made read-only under them."""
    if vms_off or all(status.role == "secondary" for status in groups):
        return
    raise Refused(
        "demote",
        site=site,
        on=f"plan {plan}",
        seen="its VMs were not proven off in this run",
        wanted="no VMI, launcher pod or VolumeAttachment of the plan",
        next_step="run the quiesce step first",
    )


def check_taking_back(
    plan: str, source: str, target: str, here: GroupStatus, there: GroupStatus, unused: bool = False
) -> None:
    """P3: a source that this run demoted becomes primary again only when the target was read as not writable.

    unused: one action has demoted the source and made the target primary, and this run has not taken that up yet:
    nothing was started there, and a switch back takes along whatever it holds.
    """
    if there.reachable and (there.role == "secondary" or not there.present):
        return
    if unused and there.role == "primary":
        return
    promoted = there.role == "primary"
    raise Refused(
        "promote the source again",
        site=source,
        on=f"group {plan}/{here.group}",
        seen=f"at {target}: {_shown(there)}",
        wanted=f"secondary at {target} (unknown is not secondary)",
        next_step="run the same command again: it finishes the move"
        if promoted
        else f"bring the replication at {target} back, then run the same command again",
    )


def check_resync(
    plan: str, site: str, peer: str, here: GroupStatus, there: GroupStatus, vms_off: bool, atomic: bool = False
) -> None:
    """What a site holds is thrown away only when nobody uses it and the peer is the one that everybody uses.

    atomic: nothing but the resync demotes a copy whose peer is primary.
    """
    on = f"group {plan}/{here.group}"
    if there.role != "primary":
        raise Refused(
            "resynchronise",
            site=site,
            on=on,
            seen=f"at {peer}: {_shown(there)}",
            wanted=f"primary at {peer}: its data replaces that of {site}",
            next_step=f"find out which site's data is wanted; nothing of {site} was thrown away",
        )
    if here.role == "primary" and not atomic:
        raise Refused(
            "resynchronise",
            site=site,
            on=on,
            seen=_shown(here),
            wanted="secondary",
            next_step="demote it first",
        )
    if not vms_off:
        raise Refused(
            "resynchronise",
            site=site,
            on=on,
            seen="the plan's VMs were not proven off there in this run",
            wanted="no VMI, launcher pod or VolumeAttachment of the plan",
            next_step="run the quiesce step first",
        )


def is_clean_secondary(here: Sequence[GroupStatus], there: Sequence[GroupStatus]) -> bool:
    """Whether one site is primary for every group and the other follows it."""
    return (
        bool(here)
        and all(status.role == "primary" for status in here)
        and all(status.role == "secondary" and status.direction == "incoming" for status in there)
        and not any(status.health in ("diverged", "error") for status in there)
    )


def _shown(status: GroupStatus) -> str:
    if not status.reachable:
        return f"no answer: {status.message}"
    words = [f"role {status.role}", status.health if status.health != "healthy" else "", status.message]
    return ", ".join(word for word in words if word)
