"""A small API client for the lab's own objects: server-side apply over pooled connections, and waits with deadlines."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import yaml

from ocpvirt_lab.errors import LabError

CONNECTIONS = 8
FIELD_MANAGER = "ocpvirt-lab"
REQUEST_TIMEOUT = (3, 20)
APPLY_DEADLINE = 30
POLL = 0.2

PLURALS = {
    "APIService": "apiservices",
    "BackupStorageLocation": "backupstoragelocations",
    "ConfigMap": "configmaps",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "KubeVirt": "kubevirts",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "Namespace": "namespaces",
    "NetworkFenceClass": "networkfenceclasses",
    "Node": "nodes",
    "Pod": "pods",
    "Secret": "secrets",
    "Service": "services",
    "StatefulSet": "statefulsets",
    "StorageClass": "storageclasses",
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    "VolumeGroupReplicationClass": "volumegroupreplicationclasses",
    "VolumeReplicationClass": "volumereplicationclasses",
}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

Object = dict[str, Any]


class Kube:
    def __init__(self, server: str, ca: Path, token: str) -> None:
        self._server = server
        self._session = requests.Session()
        # the machine's proxy and CA variables are not for an address on the loopback device
        self._session.trust_env = False
        self._session.verify = str(ca)
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))

    def get(self, path: str) -> Any:
        answer = self._session.get(self._server + path, timeout=REQUEST_TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def ready(self) -> bool:
        try:
            return self._session.get(self._server + "/readyz", timeout=(2, 5)).status_code == 200
        except requests.RequestException:
            return False

    def apply(self, objects: Iterable[Object]) -> None:
        """Server-side apply; a `status` is applied on its own afterwards."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(self._apply_one, objects))

    def _apply_one(self, body: Object) -> None:
        self._patch(_path(body), {key: value for key, value in body.items() if key != "status"})
        if "status" in body and body["kind"] != "CustomResourceDefinition":
            identity = {key: body["metadata"][key] for key in ("name", "namespace") if key in body["metadata"]}
            partial = {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": identity}
            self._patch(_path(body) + "/status", partial | {"status": body["status"]})

    def _patch(self, path: str, body: Object) -> None:
        deadline = time.monotonic() + APPLY_DEADLINE
        while True:
            seen = self._try_patch(path, body)
            if seen is None:
                return
            if time.monotonic() > deadline:
                raise LabError(f"applying {body['kind']} {body['metadata']['name']} at {self._server}{path}: {seen}")
            time.sleep(POLL)

    def _try_patch(self, path: str, body: Object) -> str | None:
        """None when it is done; what was seen when it is worth another try."""
        try:
            answer = self._session.patch(
                self._server + path,
                params={"fieldManager": FIELD_MANAGER, "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
                data=json.dumps(body),
                timeout=REQUEST_TIMEOUT,
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            return str(error)
        if answer.ok:
            return None
        seen = f"HTTP {answer.status_code}: {answer.text[:500]}"
        # 403 and 404: the API server's own roles and freshly established kinds need a moment
        if answer.status_code in (403, 404, 409) or _passes(answer.status_code):
            return seen
        raise LabError(f"applying {body['kind']} {body['metadata']['name']} at {self._server}{path}: {seen}")

    def wait_established(self, names: set[str], deadline: float) -> None:
        self.wait(lambda: names - self._established(), "CustomResourceDefinitions established", deadline)

    def _established(self) -> set[str]:
        return {
            crd["metadata"]["name"]
            for crd in self.get(CRDS)["items"]
            if _condition(crd, "Established") and _condition(crd, "NamesAccepted")
        }

    def wait_available(self, api_services: set[str], deadline: float) -> None:
        def missing() -> set[str]:
            found = self.get("/apis/apiregistration.k8s.io/v1/apiservices")["items"]
            return api_services - {item["metadata"]["name"] for item in found if _condition(item, "Available")}

        self.wait(missing, "APIServices available", deadline)

    def wait(self, missing: Callable[[], set[str]], wanted: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while left := _asked(missing):
            if time.monotonic() > deadline:
                raise LabError(
                    f"waited {seconds:.0f} s for {wanted} at {self._server}; not yet: {', '.join(sorted(left))}"
                )
            time.sleep(POLL)


def _asked(missing: Callable[[], set[str]]) -> set[str]:
    """A server that is busy starting answers late; that it does not answer is what is missing then."""
    try:
        return missing()
    except (requests.ConnectionError, requests.Timeout) as error:
        return {f"an answer ({type(error).__name__})"}
    except requests.HTTPError as error:
        if not _passes(error.response.status_code):
            raise
        return {f"an answer (HTTP {error.response.status_code})"}


def _passes(status: int) -> bool:
    return status == requests.codes.too_many_requests or status >= requests.codes.server_error


def _condition(item: Object, kind: str) -> bool:
    conditions = item.get("status", {}).get("conditions") or []
    return any(entry["type"] == kind and entry["status"] == "True" for entry in conditions)


def _path(body: Object) -> str:
    version, metadata = body["apiVersion"], body["metadata"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if namespace := metadata.get("namespace"):
        base += f"/namespaces/{namespace}"
    return f"{base}/{PLURALS[body['kind']]}/{metadata['name']}"


def from_kubeconfig(path: Path, ca: Path) -> Kube:
    config = yaml.safe_load(path.read_text())
    return Kube(config["clusters"][0]["cluster"]["server"], ca, config["users"][0]["user"]["token"])
