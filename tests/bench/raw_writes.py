# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server takes for the writes of a failover: a minimal client makes the same ones again, beside them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType

from ansible_collections.ocpvirt.dr.tests.bench.apiserver_metrics import written
from ansible_collections.ocpvirt.dr.tests.bench.failover_fleet import PVS, FailoverFleet, client_of
from ocpvirt_lab.site_client import MERGE_PATCH, Object, SiteClient
from ocpvirt_lab.storm_fleet import KUBEVIRT, NAMESPACES

PVCS, VOLUMES, VMS = "persistentvolumeclaims", "persistentvolumes", "virtualmachines"
KINDS = (PVCS, VOLUMES, VMS)
# controllers update with PUT, which is theirs and not counted
CREATED, PATCHED = ("POST",), ("PATCH", "APPLY")
OF_OTHERS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers")
BOUND = {"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}}
STARTED = {"spec": {"runStrategy": "Always"}}


class WritesMeanwhile:
    """By kind: how many objects were created, and patched, at the site while this was entered."""

    def __init__(self, client: SiteClient) -> None:
        self._client = client
        self.created: Counter[str] = Counter()
        self.patched: Counter[str] = Counter()

    def __enter__(self) -> WritesMeanwhile:
        self._before = written(self._client)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for (verb, resource), count in (written(self._client) - self._before).items():
            if resource in KINDS:
                self.created[resource] += count if verb in CREATED else 0
                self.patched[resource] += count if verb in PATCHED else 0


class RawWrites:
    """The objects of a fleet at its target once more, in a namespace of their own."""

    def __init__(self, fleet: FailoverFleet, site: str) -> None:
        self._client = client_of(fleet.sites, site)
        self._space = f"{fleet.name}-raw"
        self._vms = f"{KUBEVIRT}/namespaces/{self._space}/{VMS}"
        self._vmis = f"{KUBEVIRT}/namespaces/{self._space}/virtualmachineinstances"
        self._claims = f"{NAMESPACES}/{self._space}/{PVCS}"
        of_plan = {f"{fleet.name}-{name}" for name in fleet.at(site).names}
        volumes = [self._bare(pv) for pv in self._client.list(PVS)[0] if pv["metadata"]["name"] in of_plan]
        self._volumes = {pv["spec"]["claimRef"]["name"]: pv for pv in volumes}
        self._bodies = {
            path: [self._bare(item) for item in self._client.list(there)[0]]
            for path, there in ((self._claims, fleet.claims_path), (self._vms, fleet.at(site).path))
        }
        self._names = sorted(self._volumes)

    def seconds(self, meanwhile: WritesMeanwhile) -> tuple[float, float]:
        """Of as many writes as there were, and of as many VMIs: instant boots are writes too."""
        self._client.call("POST", NAMESPACES, {"metadata": {"name": self._space}})
        count = len(self._names)
        if set(meanwhile.created.values()) != {count}:
            raise RuntimeError(f"not {count} of each kind were created: {dict(meanwhile.created)}")
        began = time.monotonic()
        self._client.each(self._create_both, self._bodies[self._claims])
        self._patch(self._claims, BOUND, meanwhile.patched[PVCS])
        self._patch(PVS, {"metadata": {"labels": {"raw": "yes"}}}, meanwhile.patched[VOLUMES])
        self._client.each(lambda body: self._client.call("POST", self._vms, body), self._bodies[self._vms])
        self._patch(self._vms, STARTED, meanwhile.patched[VMS])
        written = time.monotonic()
        self._client.each(lambda name: self._client.call("POST", self._vmis, _vmi(name)), self._names)
        return written - began, time.monotonic() - written

    def _create_both(self, claim: Object) -> None:
        uid = json.loads(self._client.call("POST", self._claims, claim))["metadata"]["uid"]
        volume = self._volumes[claim["metadata"]["name"]]
        reference = {"kind": "PersistentVolumeClaim", "namespace": self._space, "name": claim["metadata"]["name"]}
        spec = {**volume["spec"], "claimRef": {**reference, "uid": uid}}
        self._client.call("POST", PVS, {**volume, "spec": spec})

    def _patch(self, path: str, body: Object, times: int) -> None:
        """Of that many objects; more than there are: of them all again."""
        named = self._name_in(path)
        names = [self._names[number % len(self._names)] for number in range(times)]
        self._client.each(lambda name: self._client.call("PATCH", f"{path}/{named(name)}", body, MERGE_PATCH), names)

    def _name_in(self, path: str) -> Callable[[str], str]:
        return (lambda name: self._volumes[name]["metadata"]["name"]) if path == PVS else (lambda name: name)

    def _bare(self, item: Mapping[str, object]) -> Object:
        """As it is created, under a name or in a namespace of its own."""
        copied = json.loads(json.dumps({key: value for key, value in item.items() if key != "status"}))
        meta = {key: value for key, value in copied["metadata"].items() if key not in OF_OTHERS}
        if "namespace" in meta:
            meta["namespace"] = self._space
        else:
            meta["name"] = f"raw-{meta['name']}"
        spec = copied["spec"]
        if "volumeName" in spec:
            spec["volumeName"] = f"raw-{spec['volumeName']}"
            meta.get("annotations", {}).pop("pv.kubernetes.io/bind-completed", None)
        if "runStrategy" in spec:
            spec["runStrategy"] = "Halted"
        return {**copied, "metadata": meta, "spec": spec}


def _vmi(name: str) -> Object:
    kind = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance"}
    return {**kind, "metadata": {"name": name}, "spec": {"domain": {"devices": {}}}, "status": {"phase": "Running"}}
