"""VMs that boot at once: a stand-in for virt-controller and the kubelets, so that only who starts VMs is measured.

virt-controller and KubeVirt's webhooks must be away meanwhile: they would do the same, slowly.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.site_client import CONNECTIONS, MERGE_PATCH, Object, SiteClient
from ocpvirt_lab.start_history import is_asked
from ocpvirt_lab.storm_fleet import KUBEVIRT, Fleet

WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/{}webhookconfigurations"
OWN = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation")


class InstantVms:
    """While this is entered a VM of the fleet that is asked to start has a VMI that is ready, made by one write.

    on_vm: the VM's own status says so too, by one more write.
    """

    def __init__(self, fleet: Fleet, on_vm: bool = False) -> None:
        self._fleet = fleet
        self._client = fleet.client
        self._on_vm = on_vm
        self._asked: queue.Queue[str | None] = queue.Queue()
        self._made: set[str] = set()
        self._booted = threading.Semaphore(0)
        self._ended = threading.Event()
        self._socket: socket.socket | None = None
        self._threads = [threading.Thread(target=self._watch, daemon=True)]
        self._threads += [threading.Thread(target=self._boot, daemon=True) for _connection in range(CONNECTIONS)]

    def __enter__(self) -> InstantVms:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        for _connection in range(CONNECTIONS):
            self._asked.put(None)
        for thread in self._threads:
            thread.join()
        self._fleet.client.call("DELETE", self._vmis)

    def await_all(self, seconds: float) -> None:
        """Until every VM of the fleet has been asked to start and is ready."""
        deadline = time.monotonic() + seconds
        for number in range(self._fleet.count):
            if not self._booted.acquire(timeout=max(deadline - time.monotonic(), 0)):
                raise LabError(f"{number} of {self._fleet.count} VMs are ready after {seconds:.0f} s")

    @property
    def _vmis(self) -> str:
        return f"{KUBEVIRT}/namespaces/{self._fleet.namespace}/virtualmachineinstances"

    def _watch(self) -> None:
        _items, revision = self._client.list(self._fleet.path)
        while not self._ended.is_set():
            with suppress(HTTPException, OSError, json.JSONDecodeError):
                for vm in self._changed(revision):
                    revision = int(vm["metadata"]["resourceVersion"])
                    name = vm["metadata"]["name"]
                    if name not in self._made and is_asked(vm):
                        self._made.add(name)
                        self._asked.put(name)

    def _changed(self, revision: int) -> Iterator[Any]:
        parameters = {"watch": "true", "resourceVersion": str(revision)}
        with closing(self._client.connect()) as connection:
            connection.connect()
            self._socket = connection.sock
            answer = self._client.open(connection, self._fleet.path, parameters)
            while line := answer.readline():
                yield json.loads(line)["object"]

    def _boot(self) -> None:
        while name := self._asked.get():
            self._client.call("POST", self._vmis, self._vmi(name))
            if self._on_vm:
                status = {"ready": True, "created": True, "printableStatus": "Running", **_conditions("Ready")}
                self._client.call("PATCH", f"{self._fleet.path}/{name}/status", {"status": status}, MERGE_PATCH)
            self._booted.release()

    def _vmi(self, name: str) -> Object:
        return {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachineInstance",
            "metadata": {"name": name, "namespace": self._fleet.namespace},
            "spec": {"domain": {"devices": {}}},
            "status": {"phase": "Running", **_conditions("Ready", "AgentConnected")},
        }


class WithoutWebhooks:
    """KubeVirt's webhooks are away while this is entered."""

    def __init__(self, client: SiteClient) -> None:
        self._client = client
        self._removed: list[tuple[str, Object]] = []

    def __enter__(self) -> WithoutWebhooks:
        for kind in ("mutating", "validating"):
            path = WEBHOOKS.format(kind)
            for item in self._client.list(path)[0]:
                if "kubevirt" in json.dumps(item["webhooks"]):
                    meta = {name: value for name, value in item["metadata"].items() if name not in OWN}
                    self._removed.append((path, {**item, "metadata": meta}))
                    self._client.call("DELETE", f"{path}/{meta['name']}")
        return self

    def __exit__(self, *_failure: object) -> None:
        for path, item in self._removed:
            self._client.call("POST", path, item)


def _conditions(*kinds: str) -> Object:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds]}
