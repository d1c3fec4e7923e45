"""Many VMs without volumes that are off, as a stop leaves them: what a storm starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.site_client import MERGE_PATCH, Object, SiteClient

KUBEVIRT = "/apis/kubevirt.io/v1"
NAMESPACES = "/api/v1/namespaces"
PLAN_LABEL = "dr.ocpvirt.io/plan"
RECORDED = {"dr.ocpvirt.io/recorded": '{"run_strategy": "Always", "running": true}'}
CRITICAL = {"tier": "critical"}
# KWOK's stage of the lab reads them
BOOTS_AFTER, BOOTS_BEFORE = "lab.ocpvirt.io/boots-after", "lab.ocpvirt.io/boots-before"
GONE_WITHIN = 900
POLL = 1.0


@dataclass(frozen=True)
class Fleet:
    """count VMs in a namespace of their own; each boots for boot seconds, at random.

    The critical ones are spread over them: when all are started at once, nobody has sorted them.
    """

    client: SiteClient
    namespace: str
    count: int
    critical: int = 0
    boot: tuple[float, float] = (2.0, 6.0)

    @property
    def names(self) -> list[str]:
        return [f"vm-{number:05}" for number in range(self.count)]

    @property
    def critical_keys(self) -> list[str]:
        return [f"{self.namespace}/{name}" for name in self.critical_names]

    @property
    def critical_names(self) -> list[str]:
        names = self.names
        return [names[number * self.count // self.critical] for number in range(self.critical)]

    @property
    def path(self) -> str:
        return self._path("virtualmachines")

    def create(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self.client.call("POST", NAMESPACES, namespace)
        self.client.each(lambda vm: self.client.call("POST", self.path, vm), self.manifests())

    def manifests(self) -> list[Object]:
        critical = set(self.critical_names)
        return [self._manifest(name, CRITICAL if name in critical else {}) for name in self.names]

    def start_at_once(self) -> None:
        """What a site does that comes back: nobody waits for anybody."""
        self._patch({"spec": {"runStrategy": "Always"}})

    def stop(self) -> None:
        """As they were created; none of them runs any more when this returns."""
        self._patch({"metadata": {"annotations": RECORDED}, "spec": {"runStrategy": "Halted"}})
        self._await_no("virtualmachineinstances")

    def remove(self) -> None:
        self.client.call("DELETE", self.path)
        self._await_no("virtualmachines")
        self.client.call("DELETE", f"{NAMESPACES}/{self.namespace}")
        self._await_none("the namespace", self._of_namespaces)

    def _patch(self, body: Object) -> None:
        self.client.each(lambda name: self.client.call("PATCH", f"{self.path}/{name}", body, MERGE_PATCH), self.names)

    def _await_no(self, plural: str) -> None:
        self._await_none(plural, lambda: self.client.list(self._path(plural))[0])

    def _await_none(self, what: str, found: Callable[[], list[Object]]) -> None:
        deadline = time.monotonic() + GONE_WITHIN
        while left := len(found()):
            if time.monotonic() > deadline:
                raise LabError(f"waited {GONE_WITHIN} s for the end of {what}, {self.namespace}; {left} are left")
            time.sleep(POLL)

    def _of_namespaces(self) -> list[Object]:
        return [item for item in self.client.list(NAMESPACES)[0] if item["metadata"]["name"] == self.namespace]

    def _path(self, plural: str) -> str:
        return f"{KUBEVIRT}/namespaces/{self.namespace}/{plural}"

    def _manifest(self, name: str, labels: dict[str, str]) -> Object:
        after, before = self.boot
        return {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachine",
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "labels": {PLAN_LABEL: self.namespace, **labels},
                "annotations": RECORDED,
            },
            "spec": {
                "runStrategy": "Halted",
                "template": {
                    "metadata": {"annotations": {BOOTS_AFTER: f"{after}s", BOOTS_BEFORE: f"{before}s"}},
                    "spec": {"domain": {"devices": {}, "memory": {"guest": "64Mi"}}},
                },
            },
        }
