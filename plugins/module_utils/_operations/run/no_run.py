# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What writes outside of runs keeps away from a plan that one is moving (P6)."""

from __future__ import annotations

from ..._cluster.api import Api
from ..._cluster.lease import PlanLock
from ..._errors import Refused
from ..._model.plan import Plan


def check_no_run(plan: Plan, api: Api, tried: str) -> None:
    holder = PlanLock(api, plan.store_namespace, plan.name).holder()
    if holder:
        raise Refused(
            tried,
            site=api.site,
            seen=f"run {holder.run_id} holds the plan's lock",
            wanted="no run on this plan",
            next_step="wait until it has ended",
        )
