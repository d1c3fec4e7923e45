# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argo CD and a plan: how its sync is paused and given back, what Git would do to VMs, what it must not prune. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._model.names import PAUSED_SYNC
from .._model.vm import is_off
from .volumes.patch import VolumeDecision

Object = Mapping[str, Any]

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
TRACKING = "argocd.argoproj.io/tracking-id"
KEEP = "Prune=false,Delete=false"
NO_IMPORT = "kubevirt.io/immediate-data-volume-creation"
RESPECT = "RespectIgnoreDifferences=true"
POWER_POINTERS = ("/spec/runStrategy", "/spec/running")
POWER_PATHS = (".spec.runStrategy", ".spec.running")


def automated(application: Object) -> Any:
    """Its automated sync; None when there is none."""
    return (application["spec"].get("syncPolicy") or {}).get("automated")


def syncs_by_itself(application: Object) -> bool:
    """Newer versions of Argo CD have a switch beside the policy."""
    policy = automated(application)
    return policy is not None and policy.get("enabled") is not False


def recorded(application: Object) -> str | None:
    return (application["metadata"].get("annotations") or {}).get(PAUSED_SYNC)


def is_syncing(application: Object) -> bool:
    """Whether an operation is under way, of which nobody knows what it still writes."""
    status = application.get("status") or {}
    return (status.get("operationState") or {}).get("phase") == "Running"


def pausing(application: Object) -> dict[str, Any]:
    """A merge patch that takes the automated sync away and records it; empty when nothing is to be done."""
    policy = automated(application)
    if policy is None:
        return {}
    meta = application["metadata"]
    return {
        "metadata": {
            "annotations": {PAUSED_SYNC: json.dumps(policy, sort_keys=True)},
            # what was recorded is what is taken away
            "resourceVersion": meta["resourceVersion"],
        },
        "spec": {"syncPolicy": {"automated": None}},
    }


def resuming(application: Object) -> dict[str, Any]:
    """A merge patch that gives back what was recorded; empty when nothing was. ValueError when that cannot be read."""
    text = recorded(application)
    if text is None:
        return {}
    policy = _mapping(text)
    body: dict[str, Any] = {
        "metadata": {
            "annotations": {PAUSED_SYNC: None},
            "resourceVersion": application["metadata"]["resourceVersion"],
        }
    }
    if automated(application) is None:
        body["spec"] = {"syncPolicy": {"automated": policy}}
    return body


def _mapping(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"the annotation {PAUSED_SYNC} holds no mapping")
    return found


def leaves_power_alone(application: Object, namespaces: Iterable[str]) -> bool:
    """Whether a sync keeps the runStrategy that a VM in these has at its site, whatever Git says."""
    spec = application["spec"]
    options = (spec.get("syncPolicy") or {}).get("syncOptions") or []
    covering = [entry.get("namespace") for entry in spec.get("ignoreDifferences") or [] if _covers_power(entry)]
    wanted = set(namespaces)
    # an Application for each namespace has to ignore it there only
    wanted = (wanted & _namespaces_of_vms(application)) or wanted
    return RESPECT in options and all(any(of in (None, "", name) for of in covering) for name in wanted)


def _namespaces_of_vms(application: Object) -> set[str]:
    resources = (application.get("status") or {}).get("resources") or []
    return {item.get("namespace", "") for item in resources if item.get("kind") == "VirtualMachine"}


def _covers_power(entry: Object) -> bool:
    of_vms = entry.get("kind") in ("VirtualMachine", "*") and entry.get("group") in ("kubevirt.io", "*")
    if not of_vms or entry.get("name"):
        return False
    return bool(
        set(POWER_POINTERS) & set(entry.get("jsonPointers") or [])
        or set(POWER_PATHS) & set(entry.get("jqPathExpressions") or [])
    )


def brings_folder(application: Object, folder: str) -> bool:
    """Whether one of its sources is that folder, or a plain folder around it that it reads as a whole."""
    spec = application["spec"]
    for source in [spec.get("source") or {}, *(spec.get("sources") or [])]:
        path = str(source.get("path") or "").removeprefix("./").strip("/")
        around = path in ("", ".") or f"{folder}/".startswith(f"{path}/")
        if source.get("path") and (path == folder or (around and (source.get("directory") or {}).get("recurse"))):
            return True
    return False


def obstacle_of_vm(vm: Object) -> str:
    """Why Git must not bring this VM to a site where its plan does not live; empty when it may."""
    spec = vm["spec"]
    if not is_off(vm):
        return f"it is to run there: {spec.get('runStrategy') or 'running: true'}"
    annotations = vm["metadata"].get("annotations") or {}
    if spec.get("dataVolumeTemplates") and annotations.get(NO_IMPORT) != "false":
        return f"its dataVolumeTemplates import new disks, also while it is halted, without the annotation {NO_IMPORT}"
    return ""


def kept_from_pruning(decision: VolumeDecision) -> VolumeDecision:
    """What Git does not know, and Argo CD may track by a label that it had at the other site, is never pruned."""
    return replace(decision, pv=_kept(decision.pv), pvc=_kept(decision.pvc))


def _kept(item: Object) -> dict[str, Any]:
    meta = item["metadata"]
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key != TRACKING}
    return {**item, "metadata": {**meta, "annotations": {**annotations, SYNC_OPTIONS: KEEP}}}
