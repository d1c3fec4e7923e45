# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's namespaces at a target: created as they were captured, refused while they are being deleted."""

from __future__ import annotations

from ..._cluster.api import Api, Object
from ..._cluster.kinds import NAMESPACE
from ..._errors import Refused
from ..._model.capture import Capture
from ..._model.plan import Plan


def absent_namespaces(plan: Plan, api: Api) -> list[str]:
    """Those to create. Refused when one is being deleted: nothing can be made in it, and what is in it goes."""
    absent = []
    for name in plan.namespaces:
        found = api.find(NAMESPACE, name)
        if found is None:
            absent.append(name)
        elif _is_ending(found):
            raise Refused(
                "use the namespace",
                site=api.site,
                on=f"Namespace/{name}",
                seen=f"it is Terminating since {found['metadata'].get('deletionTimestamp')}: {held_by(found)}",
                wanted="absent, or Active",
                next_step="wait until it is gone, then start again; what holds it is listed by"
                f" `oc get namespace {name} -o jsonpath='{{.status.conditions}}'`",
            )
    return absent


def create_namespaces(api: Api, names: list[str], capture: Capture) -> None:
    """With the labels and annotations of the capture: security contexts and quotas of users hang on them."""
    captured = capture.index("namespaces")
    for name in names:
        meta = captured.get(name, {}).get("metadata", {})
        body: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for part in ("labels", "annotations"):
            if meta.get(part):
                body["metadata"][part] = meta[part]
        api.create(NAMESPACE, body)


def _is_ending(namespace: Object) -> bool:
    phase = (namespace.get("status") or {}).get("phase")
    return bool(namespace["metadata"].get("deletionTimestamp")) or phase == "Terminating"


def held_by(namespace: Object) -> str:
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    told = [str(item.get("message")) for item in conditions if item.get("status") == "True" and item.get("message")]
    return "; ".join(told)[:500] or "its content is being removed"
