"""Brings one site up: from nothing, from what an earlier run left, or around processes that have died."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ocpvirt_lab import ceph, controlplane, csi_addons, csi_addons_objects, kubevirt, nodes, ssh, storage, velero
from ocpvirt_lab.ceph import CephCluster
from ocpvirt_lab.kube import Kube, Object, from_kubeconfig
from ocpvirt_lab.launch import Launcher
from ocpvirt_lab.pki import write_kubeconfig
from ocpvirt_lab.process import Process, SiteContext
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.s3 import Credentials
from ocpvirt_lab.state import CEPH

API_DEADLINE = 180
WORKERS_DEADLINE = 180
CRD_DEADLINE = 120
AGGREGATION_DEADLINE = 180


class SiteRunner:
    def __init__(self, site: SiteContext, credentials: Credentials, launcher: Launcher, progress: Progress) -> None:
        self._site = site
        self._credentials = credentials
        self._launcher = launcher
        self._progress = progress
        self._ceph = CephCluster(site.name, site.folder, launcher, progress) if site.storage == CEPH else None

    def processes(self) -> list[Process]:
        images = self._ceph.processes() if self._ceph else []
        return [*self._base(), *self._workers(), *images, *csi_addons.processes(self._site)]

    def up(self) -> list[str]:
        """Returns the names of the processes that had to be started."""
        if not self._ceph:
            return self._kubernetes_up()
        with ThreadPoolExecutor(1) as pool:
            images = pool.submit(self._ceph.up)
            started = self._kubernetes_up()
            return started + images.result()

    def _kubernetes_up(self) -> list[str]:
        name = self._site.name
        self._write_credentials()
        ssh.prepare(self._site)
        started = self._launcher.start(name, self._base())
        self._launcher.wait_healthy(name, self._base(), API_DEADLINE)
        if started:
            self._say("API server and storage are ready")
        kube = from_kubeconfig(self._site.folder.kubeconfig(name), self._site.pki.ca)
        known = self._marker.read_text() if self._marker.exists() else None
        stale = known != self._fingerprint()
        if known:  # webhooks are in place already: objects are accepted only while virt-api runs
            started += self._launcher.start(name, self._workers())
        if stale:
            started += self._launcher.start(name, controlplane.controllers(self._site))
            self._apply_foundation(kube)
        started += self._launcher.start(name, self._workers())
        self._launcher.wait_healthy(name, self._workers(), WORKERS_DEADLINE)
        if stale:
            self._join_virt_api(kube)
            self._marker.write_text(self._fingerprint())
        if csi_addons.enabled(self._site):
            started += self._csi_addons_up(kube)
        if started:
            self._wait_aggregation(kube)
            self._say("ready")
        return started

    def _csi_addons_up(self, kube: Kube) -> list[str]:
        """Last: its programs end when their CRDs or the sidecar's pod are not there."""
        csi_addons.join(self._site, kube)
        processes = csi_addons.processes(self._site)
        started = self._launcher.start(self._site.name, processes)
        self._launcher.wait_healthy(self._site.name, processes, WORKERS_DEADLINE)
        csi_addons.wait_connected(self._site, kube)
        return started

    def _base(self) -> list[Process]:
        return [*controlplane.processes(self._site), storage.server(self._site), *ssh.processes(self._site)]

    def _workers(self) -> list[Process]:
        return [
            *controlplane.controllers(self._site),
            nodes.process(self._site),
            *kubevirt.processes(self._site),
            velero.process(self._site, self._credentials),
            storage.guest(self._site),
        ]

    def _write_credentials(self) -> None:
        site = self._site
        site.directory.mkdir(parents=True, exist_ok=True)
        site.pki.create()
        server = f"https://127.0.0.1:{site.ports[f'{site.name}-api']}"
        write_kubeconfig(site.folder.kubeconfig(site.name), site.name, server, site.pki.ca, site.pki.token("admin"))

    def _apply_foundation(self, kube: Kube) -> None:
        site = self._site
        crds = [*kubevirt.crds(site), *velero.crds(site)]
        if csi_addons.enabled(site):
            crds += csi_addons_objects.crds(site)
        kube.apply([*self._first_objects(), *crds])
        kube.wait_established({crd["metadata"]["name"] for crd in crds}, CRD_DEADLINE)
        kube.apply(self._installation())
        self._say(f"{len(crds)} CRDs, {site.nodes} nodes and the installation's objects are applied")

    def _first_objects(self) -> list[Object]:
        names = [kubevirt.NAMESPACE, velero.NAMESPACE]
        if csi_addons.enabled(self._site):
            names.append(csi_addons_objects.NAMESPACE)
        namespaces = [_namespace(name) for name in names]
        classes = [storage.storage_class(self._site)]
        if self._ceph:
            classes.append(ceph.storage_class(self._site))
        return [*namespaces, *classes, *nodes.objects(self._site)]

    def _installation(self) -> list[Object]:
        installed = [*kubevirt.objects(self._site), *velero.objects(self._site)]
        if csi_addons.enabled(self._site):
            installed += csi_addons_objects.objects(self._site)
        return installed

    def _join_virt_api(self, kube: Kube) -> None:
        kube.apply(kubevirt.api_services(self._site))
        self._wait_aggregation(kube)
        kube.apply(kubevirt.webhooks(self._site))

    def _wait_aggregation(self, kube: Kube) -> None:
        names = {service["metadata"]["name"] for service in kubevirt.api_services(self._site)}
        kube.wait_available(names, AGGREGATION_DEADLINE)

    @property
    def _marker(self) -> Path:
        return self._site.directory / "provisioned"

    def _fingerprint(self) -> str:
        """Of all that was applied: our objects, and the binaries that print the rest."""
        binaries = sorted(str(path) for path in self._site.binaries.values())
        facts = [binaries, self._first_objects(), self._installation(), kubevirt.api_services(self._site)]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def _say(self, message: str) -> None:
        self._progress.say(self._site.name, message)


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
