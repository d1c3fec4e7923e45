# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the order in which they were begun, without comparing the clocks of their controllers."""

from __future__ import annotations

from ..._cluster.lease import PlanLock
from ..._errors import DrError
from ..._model.plan import Plan
from .outlook import Outlook


def next_number(plan: Plan, seen: Outlook) -> int:
    """Higher than that of any run that a site which answers knows.

    The record of a run is at its target only, which may be lost by now; its lock was taken at both sites.
    """
    known = [run.number for run in seen.runs]
    for there in seen.reached.values():
        if there.api is None:
            continue
        try:
            known.append(PlanLock(there.api, plan.store_namespace, plan.name).newest_number())
        except DrError:
            # whoever takes the lock is told; a source that fails to answer stops nothing
            continue
    return 1 + max(known, default=0)
