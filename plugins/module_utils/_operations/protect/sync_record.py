# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last syncs that only a primary tells, kept at both sites for a failover that finds the primary gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._cluster.api import Api
from ..._cluster.clock import Clock
from ..._cluster.run_store import RunStore
from ..._errors import Refused
from ..._model.plan import Plan
from ..._planning.guards.home import primary_sites
from ..._planning.sync_merge import merged_syncs
from ..entry import bounded
from ..plan.asking import ask_sites


def record_syncs(plan: Plan, check_mode: bool) -> dict[str, Any]:
    """Look at the groups and keep what is newer than what was kept, at each site that answers."""
    asked = ask_sites(plan, list(plan.sites))
    groups, apis = asked.groups, {name: there.api for name, there in asked.reached.items()}
    primary = primary_sites(plan, groups)
    if len(primary) != 1:
        raise Refused(
            "record the last syncs",
            on=f"plan {plan.name}",
            seen=f"all groups are primary at {' and '.join(primary) or 'no site'}",
            wanted="one site",
            next_step="run status: it shows each group's role at both sites",
        )
    lives_at = primary[0]
    seen_at = Clock().now().isoformat(timespec="seconds")
    found = {
        status.group: {"primary": lives_at, "last_sync": status.last_sync.isoformat(), "seen_at": seen_at}
        for status in groups[lives_at]
        if status.last_sync
    }
    written = [name for name, api in apis.items() if api is not None and _keep(plan, api, found, check_mode)]
    return {
        "changed": bool(written),
        "sites": written,
        "syncs": bounded([{"group": group, **sync} for group, sync in found.items()]),
        "unknown": bounded([group.name for group in plan.groups if group.name not in found]),
    }


def _keep(plan: Plan, api: Api, found: Mapping[str, Mapping[str, Any]], check_mode: bool) -> bool:
    store = RunStore(api, plan.store_namespace)
    kept = store.syncs(plan.name)
    merged = merged_syncs(kept, found, [group.name for group in plan.groups])
    if merged == kept:
        return False
    if not check_mode:
        store.prepare()
        store.put_syncs(plan.name, merged)
    return True
