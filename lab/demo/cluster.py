"""A plain client for one site, independent of the collection, so that its verdicts are not the collection's own."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import yaml
from urllib3 import Retry
from urllib3.exceptions import ProtocolError

Object = dict[str, Any]

PATHS = {
    "Namespace": "/api/v1/namespaces",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "PersistentVolumeClaim": "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{namespace}/daemonsets",
    "CronJob": "/apis/batch/v1/namespaces/{namespace}/cronjobs",
    "Job": "/apis/batch/v1/namespaces/{namespace}/jobs",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
    "VirtualMachine": "/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachines",
    "VirtualMachineInstance": "/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachineinstances",
    "Backup": "/apis/velero.io/v1/namespaces/{namespace}/backups",
    "BackupStorageLocation": "/apis/velero.io/v1/namespaces/{namespace}/backupstoragelocations",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
}
TIMEOUT = (5, 30)
LOOK_BACK = 3
# a kind that nobody asked for before: the API server is busy with it, and says when to come again
BUSY = Retry(connect=0, read=False, status=5, status_forcelist={429}, raise_on_status=False)
POLL = 0.5


class Cluster:
    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self.server = cluster["server"]
        self.kubeconfig = kubeconfig
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = _authority(kubeconfig, cluster)
        self._session.headers["Authorization"] = f"Bearer {config['users'][0]['user']['token']}"
        self._session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=8, max_retries=BUSY))

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        answer = self._answer(method, path, json=body, headers={"Content-Type": content_type})
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: HTTP {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else {}

    def create(self, body: Object) -> Object:
        return self.call("POST", path_of(body["kind"], body["metadata"].get("namespace")), body)

    def create_all(self, objects: list[Object]) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.create, objects))

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        return self.call("GET", f"{path_of(kind, namespace)}/{name}")

    def list(self, kind: str, namespace: str | None = None) -> list[Object]:
        return self.call("GET", path_of(kind, namespace))["items"]

    def patch(self, kind: str, name: str, namespace: str | None, body: Object) -> Object:
        return self.call("PATCH", f"{path_of(kind, namespace)}/{name}", body, "application/merge-patch+json")

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        self.call("DELETE", f"{path_of(kind, namespace)}/{name}")

    def events(self, path: str, since: str) -> list[Object]:
        """What happened to a path's objects after that resourceVersion, also to those that are gone again."""
        query = f"?watch=true&resourceVersion={since}&timeoutSeconds={LOOK_BACK}"
        answer = self._answer("GET", path + query)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.text.splitlines()]

    def start(self, name: str, namespace: str) -> None:
        self.call("PUT", f"/apis/subresources.kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}/start", {})

    def _answer(self, method: str, path: str, **options: Any) -> requests.Response:
        """A connection that was kept since before its site was lost ends when it is used.

        Only a read is then sent again: of a write nobody knows whether it was done.
        """
        try:
            return self._session.request(method, self.server + path, timeout=TIMEOUT, **options)
        except requests.ConnectionError as error:
            if method != "GET" or not isinstance(error.args[0], ProtocolError):
                raise
        return self._session.request(method, self.server + path, timeout=TIMEOUT, **options)


def path_of(kind: str, namespace: str | None) -> str:
    return PATHS[kind].format(namespace=namespace)


def wait_until(what: str, seconds: float, missing: Callable[[], list[str]]) -> float:
    """Seconds it took until nothing was missing; TimeoutError names what still is."""
    start = time.monotonic()
    while left := missing():
        if time.monotonic() - start > seconds:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}; missing: {', '.join(left[:5])} ({len(left)})")
        time.sleep(POLL)
    return time.monotonic() - start


def _authority(kubeconfig: Path, cluster: Object) -> str:
    """requests takes an authority as a file only."""
    if "certificate-authority" in cluster:
        return str(kubeconfig.parent / cluster["certificate-authority"])
    path = kubeconfig.with_suffix(".ca.pem")
    path.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return str(path)
