# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protected VMs: what a start needs to know of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .._errors import Refused
from .names import RECORDED
from .plan_readiness_fields import readiness_on
from .recorded import is_recorded
from .start_facts import start_facts
from .vm_needs import revisions, state_claims

# fields of a VM that name a kind of its namespace, or one of the cluster
MATCHERS = {"instancetype": "VirtualMachineInstancetype", "preference": "VirtualMachinePreference"}


# what of a VM's status tells whether it is on
POWER_STATUS = ("ready", "created", "printableStatus")
_ON = ("Running", "Starting", "Paused", "Migrating")
# CrashLoopBackOff: KubeVirt shows it also of a RerunOnFailure or Once VM that was stopped, or whose guest has shut down
# None: KubeVirt has not looked at it yet
_OFF = (None, "Stopped", "Stopping", "Terminating", "CrashLoopBackOff")


@dataclass(frozen=True)
class PowerRecord:
    """runStrategy and power state of a VM as its owner left it (P7). running_field: the deprecated `spec.running`."""

    run_strategy: str
    running: bool
    running_field: bool = False

    def as_annotation(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class ProtectedVm:
    """key, pvcs: namespace/name. depends_on, start_after: keys. start: False for VMs annotated to stay off.

    readiness: what is otherwise than its wave says.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    priority: int
    depends_on: tuple[str, ...]
    start: bool
    power: PowerRecord
    pvcs: tuple[str, ...]
    start_after: tuple[str, ...] = ()
    readiness: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def on(self) -> str:
        return f"VirtualMachine/{self.key}"

    @property
    def running(self) -> bool:
        return self.power.running

    @property
    def was(self) -> str:
        return self.power.run_strategy


def protected_vm(manifest: Mapping[str, Any]) -> ProtectedVm:
    """Read a VirtualMachine object. A bad priority or dependency is a ValueError that names the annotation."""
    meta = manifest["metadata"]
    namespace = meta["namespace"]
    facts = start_facts(meta, f"VirtualMachine {namespace}/{meta['name']}")
    return ProtectedVm(
        namespace=namespace,
        name=meta["name"],
        labels=meta.get("labels") or {},
        priority=facts.priority,
        depends_on=facts.depends_on,
        start=facts.start,
        power=power_record(manifest),
        pvcs=tuple(f"{namespace}/{claim}" for claim in claim_names(manifest)),
        start_after=facts.start_after,
        readiness=readiness_on("VirtualMachine", meta, f"VirtualMachine {namespace}/{meta['name']}"),
    )


def power_record(manifest: Mapping[str, Any]) -> PowerRecord:
    """From our annotation as long as the VM is as we left it, else from the object itself."""
    seen = own_power(manifest)
    text = (manifest["metadata"].get("annotations") or {}).get(RECORDED)
    if not text:
        return seen
    recorded = _read_record(text, manifest)
    starting = recorded.running and seen.run_strategy == recorded.run_strategy
    return recorded if seen.run_strategy == "Halted" or starting else seen


def is_given_back(manifest: Mapping[str, Any]) -> bool:
    """Whether a start gives a VM that stays off its own strategy back: one that does not start it."""
    if not is_recorded(manifest):
        return False
    power = power_record(manifest)
    # annotated to stay off although it ran: a Manual one is left Halted too
    return power.run_strategy in ("Halted", "Manual") and not power.running


def _read_record(text: str, manifest: Mapping[str, Any]) -> PowerRecord:
    """Anybody may write annotations: what no run wrote is refused."""
    try:
        return PowerRecord(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise Refused(
            "read what the VM was before it was stopped",
            on=f"VirtualMachine/{manifest['metadata'].get('namespace')}/{manifest['metadata']['name']}",
            seen=f"{RECORDED}: {text[:200]}",
            wanted='what a run wrote, such as {"run_strategy": "Always", "running": true}',
            next_step="correct the annotation, or give the VM its runStrategy back and remove it; then start again",
        ) from error


def own_power(manifest: Mapping[str, Any]) -> PowerRecord:
    """From the object itself, whatever a run wrote on it."""
    spec = manifest["spec"]
    if "running" in spec:
        return PowerRecord("Always" if spec["running"] else "Halted", bool(spec["running"]), running_field=True)
    strategy = spec.get("runStrategy", "Halted")
    # Always is an order to run, whatever the moment shows; the others say what they are by their status
    status = manifest.get("status") or {}
    if strategy == "WaitAsReceiver":
        # its VMI waits for a migration from elsewhere, and may do so for ever
        return PowerRecord(strategy, bool(status.get("ready")))
    running = strategy == "Always" or (strategy != "Halted" and _is_on(status))
    return PowerRecord(strategy, running)


def is_off(manifest: Mapping[str, Any]) -> bool:
    """Whether its own strategy keeps it off, by whomever."""
    return own_power(manifest).run_strategy == "Halted"


def off_fields(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What of its spec turns it off: the field that it has."""
    return {"running": False} if "running" in manifest["spec"] else {"runStrategy": "Halted"}


def claim_names(manifest: Mapping[str, Any]) -> list[str]:
    """PVCs of a VM's volumes; a DataVolume's PVC has its name."""
    names = []
    for volume in manifest["spec"]["template"]["spec"].get("volumes") or []:
        if "persistentVolumeClaim" in volume:
            names.append(volume["persistentVolumeClaim"]["claimName"])
        elif "dataVolume" in volume:
            names.append(volume["dataVolume"]["name"])
    return names


def claim_users(
    manifests: Iterable[Mapping[str, Any]], claims: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, tuple[str, ...]]:
    """namespace/name of a claim to the names of the VMs that use it. claims: among which those of VMs' state are."""
    users: dict[str, set[str]] = {}
    for vm, keys in state_claims(claims or {}).items():
        for key in keys:
            users.setdefault(key, set()).add(vm.rpartition("/")[2])
    for manifest in manifests:
        meta = manifest["metadata"]
        for claim in claim_names(manifest):
            users.setdefault(f"{meta['namespace']}/{claim}", set()).add(meta["name"])
    return {claim: tuple(sorted(names)) for claim, names in users.items()}


def references(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(kind, name) of what a VM refers to in its namespace, apart from PVCs."""
    template = manifest["spec"]["template"]["spec"]
    found: set[tuple[str, str]] = set()
    for volume in template.get("volumes") or []:
        if "secret" in volume:
            found.add(("Secret", volume["secret"]["secretName"]))
        if "configMap" in volume:
            found.add(("ConfigMap", volume["configMap"]["name"]))
        if (volume.get("containerDisk") or {}).get("imagePullSecret"):
            found.add(("Secret", volume["containerDisk"]["imagePullSecret"]))
        for kind, key in (("Secret", "secret"), ("ConfigMap", "configMap")):
            if key in volume.get("sysprep", {}):
                found.add((kind, volume["sysprep"][key]["name"]))
        for cloud_init in (volume.get("cloudInitNoCloud") or {}, volume.get("cloudInitConfigDrive") or {}):
            for key in ("secretRef", "networkDataSecretRef"):
                if key in cloud_init:
                    found.add(("Secret", cloud_init[key]["name"]))
    for credential in template.get("accessCredentials") or []:
        for method in credential.values():
            name = method.get("source", {}).get("secret", {}).get("secretName")
            if name:
                found.add(("Secret", name))
    found |= {("ControllerRevision", name) for name in revisions(manifest).values()}
    for matcher, own_kind in MATCHERS.items():
        used = manifest["spec"].get(matcher) or {}
        if used.get("kind", "").lower() == own_kind.lower() and used.get("name"):
            found.add((own_kind, used["name"]))
    return found


def _is_on(status: Mapping[str, Any]) -> bool:
    """Also where a failure keeps it from running. created: it has a VMI, maybe one whose guest has ended."""
    shown = status.get("printableStatus")
    return bool(status.get("ready")) or shown in _ON or (bool(status.get("created")) and shown not in _OFF)
