# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Schedule of Velero that takes a plan's captures at a site, and its end."""

from __future__ import annotations

from .._cluster.api import Api
from .._cluster.kinds import SCHEDULE
from .._model.names import PLAN


def schedule_name(plan: str, site: str) -> str:
    return f"{plan}-{site}"


def end_schedule(api: Api, namespace: str, plan: str, check_mode: bool) -> tuple[str, str]:
    """Delete it where it is ours; what was done, and what stays and why."""
    name = schedule_name(plan, api.site)
    on = f"Schedule/{namespace}/{name}"
    existing = api.find(SCHEDULE, name, namespace)
    if existing is None:
        return "", ""
    labels = existing["spec"].get("template", {}).get("metadata", {}).get("labels") or {}
    if labels.get(PLAN) != plan:
        return "", f"{on} stays: it does not take captures of {plan}"
    if existing["spec"].get("useOwnerReferencesInBackup"):
        return "", f"{on} stays: it owns its backups (useOwnerReferencesInBackup), which would go with it"
    if not check_mode:
        api.delete(SCHEDULE, name, namespace, existing["metadata"]["uid"])
    return f"{on}: deleted", ""
