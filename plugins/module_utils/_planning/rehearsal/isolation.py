# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a rehearsal apart: namespaces, network policies, and networks that lead nowhere. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..._model.names import CREATED_BY, rehearsal_label
from ..._model.plan_network_fields import in_namespace
from ..vm.networks import attached_to

Object = dict[str, Any]

DENY, AMONG = "dr-rehearsal-deny-all", "dr-rehearsal-among-themselves"
# of the original namespace; what else is on it may say who reaches it
KEPT_LABELS = ("pod-security.kubernetes.io/", "security.openshift.io/")


def namespace(name: str, original: Mapping[str, Any] | None, plan: str, run_id: str) -> Object:
    """With the pod security of the original, without which VMs may not be admitted."""
    labels = ((original or {}).get("metadata") or {}).get("labels") or {}
    kept = {key: value for key, value in labels.items() if key.startswith(KEPT_LABELS)}
    meta = {
        "name": name,
        "labels": {**kept, rehearsal_label(plan): "true"},
        "annotations": {CREATED_BY: run_id},
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def policies(space: str, plan: str) -> list[Object]:
    """Nothing comes in and nothing goes out, but among the namespaces of this rehearsal."""
    theirs = [{"namespaceSelector": {"matchLabels": {rehearsal_label(plan): "true"}}}]
    both = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return [
        _policy(DENY, space, plan, both),
        _policy(AMONG, space, plan, {**both, "ingress": [{"from": theirs}], "egress": [{"to": theirs}]}),
    ]


def bubble_name(network: str, home: str) -> str:
    """Of the network in the rehearsal's namespace that stands for one that a VM of that namespace names."""
    space, _slash, name = in_namespace(network, home).partition("/")
    return name if space == home else f"{space}-{name}"


def bubbles(vms: Iterable[Mapping[str, Any]], spaces: Mapping[str, str], plan: str) -> list[Object]:
    """One for each network that VMs name, in the namespace of each: a layer 2 of its own, without a way out."""
    wanted = {
        (spaces[home], bubble_name(network, home))
        for vm in vms
        for home in [vm["metadata"]["namespace"]]
        for network in attached_to(vm).values()
    }
    return [_bubble(space, name, plan) for space, name in sorted(wanted)]


def _bubble(space: str, name: str, plan: str) -> Object:
    config = {
        "cniVersion": "0.4.0",
        "name": f"{space}.{name}",
        "type": "ovn-k8s-cni-overlay",
        "topology": "layer2",
        "netAttachDefName": f"{space}/{name}",
    }
    meta = {"name": name, "namespace": space, "labels": {rehearsal_label(plan): "true"}}
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": meta,
        "spec": {"config": json.dumps(config, sort_keys=True)},
    }


def _policy(name: str, space: str, plan: str, spec: Object) -> Object:
    meta = {"name": name, "namespace": space, "labels": {rehearsal_label(plan): "true"}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
