# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a plan's protection be taken back? Only where it lives, and while nothing is owed. Pure (P1, P6, P10)."""

from __future__ import annotations

from collections.abc import Sequence

from ..._errors import Refused
from ..._model.group_status import GroupStatus
from ..._model.run import CLEANUP, ENDED, REHEARSALS, SWITCHES, Run

TRIED = "unprotect the plan"


def check_runs(plan: str, runs: Sequence[Run]) -> None:
    """No run that somebody has to finish, and no lost site that was not observed to be clean. runs: oldest first."""
    left = {run.target: run for run in runs if run.operation in REHEARSALS}
    for run in runs:
        if run.state not in ENDED and (run.operation in SWITCHES or run is left.get(run.target)):
            command = CLEANUP if run.operation in REHEARSALS else run.operation
            raise Refused(
                TRIED,
                on=f"run {run.id}",
                seen=f"{run.operation} to {run.target} was begun at {run.started} and has not ended",
                wanted="no unfinished run on this plan",
                next_step=f"finish it: run {command} with dr_target={run.target}"
                + (" again" if command == run.operation else ""),
            )
        if run.fence_debt:
            raise Refused(
                TRIED,
                on=f"run {run.id}",
                seen=f"fence debt since {run.started}: {run.fence_debt}",
                wanted=f"{run.source} observed to be clean",
                next_step="reprotect first; see docs/fence_debt.md",
            )


def check_lives_here(
    plan: str, site: str, peer: str, here: Sequence[GroupStatus], there: Sequence[GroupStatus]
) -> None:
    """The data that counts is at the site. What an earlier attempt ended already is unknown, and no obstacle."""
    for mine, other in zip(here, there, strict=True):
        for status in (mine, other):
            if not status.reachable:
                raise Refused(
                    TRIED,
                    site=status.site,
                    on=f"group {plan}/{status.group}",
                    seen=f"no answer: {status.message}",
                    wanted="its role at both sites",
                    next_step=f"bring the storage of {status.site} back: replication is ended at both sites",
                )
        if other.role == "primary":
            both = mine.role == "primary"
            raise Refused(
                TRIED,
                site=peer if not both else None,
                on=f"group {plan}/{mine.group}",
                seen="primary at both sites" if both else f"primary at {peer}, {mine.role} at {site}",
                wanted=f"primary at {site} alone",
                next_step="reprotect: it keeps the data of the site where the plan lives"
                if both
                else f"name the site where the plan lives: dr_site={peer}",
            )
        if mine.role == "secondary":
            raise Refused(
                TRIED,
                site=site,
                on=f"group {plan}/{mine.group}",
                seen=f"secondary at {site}, {other.role} at {peer}",
                wanted=f"primary at {site}",
                next_step="run status: it shows where the plan lives",
            )


def check_vms(
    plan: str, site: str, peer: str, here: Sequence[str], there: Sequence[str], remains: Sequence[str]
) -> None:
    """here, there: the plan's VMs at both sites. remains: what could still write at the peer."""
    if remains:
        raise Refused(
            TRIED,
            site=peer,
            on=f"plan {plan}",
            seen=", ".join(remains[:5]),
            wanted=f"the plan's VMs at {site} alone",
            next_step=f"stop them there, or name the site where the plan lives: dr_site={peer}",
        )
    if there and not here:
        raise Refused(
            TRIED,
            site=site,
            on=f"plan {plan}",
            seen=f"none of its VirtualMachines; {peer} has {len(there)}",
            wanted=f"its VirtualMachines at {site}",
            next_step=f"name the site where the plan lives: dr_site={peer}",
        )
