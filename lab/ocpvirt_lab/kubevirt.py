"""virt-controller and virt-api outside the cluster, and what virt-operator would have installed."""

from __future__ import annotations

import base64
import json
import subprocess

from ocpvirt_lab.components import pinned
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.kube import Object
from ocpvirt_lab.process import Process, SiteContext

NAMESPACE = "kubevirt"
VIRT_API_PORT = 8443
VIRT_CONTROLLER_PORT = 8442
SUBRESOURCE_VERSIONS = ("v1", "v1alpha3")
LAUNCHER_IMAGE = "virt-launcher:lab"
QPS, BURST = 400, 600


def processes(site: SiteContext) -> list[Process]:
    crt, key = site.pki.server
    environment = {"POD_NAMESPACE": NAMESPACE}
    controller = [
        site.binary("virt-controller"),
        f"--kubeconfig={site.pki.kubeconfig('kubevirt-controller')}",
        "--listen=127.0.0.1",
        f"--port={VIRT_CONTROLLER_PORT}",
        f"--launcher-image={LAUNCHER_IMAGE}",
        f"--prom-cert-file={crt}",
        f"--prom-key-file={key}",
    ]
    api = [
        site.binary("virt-api"),
        f"--kubeconfig={site.pki.kubeconfig('kubevirt-apiserver')}",
        "--listen=127.0.0.1",
        f"--port={VIRT_API_PORT}",
        f"--tls-cert-file={crt}",
        f"--tls-key-file={key}",
        f"--handler-cert-file={crt}",
        f"--handler-key-file={key}",
    ]
    return [
        Process("virt-controller", controller, f"https://127.0.0.1:{VIRT_CONTROLLER_PORT}/healthz", environment),
        Process("virt-api", api, f"https://127.0.0.1:{VIRT_API_PORT}/healthz", environment),
    ]


def crds(site: SiteContext) -> list[Object]:
    return _manifests(site)


def webhooks(site: SiteContext) -> list[Object]:
    return _manifests(site, "--webhooks", f"https://127.0.0.1:{VIRT_API_PORT}", "--ca-file", str(site.pki.ca))


def _manifests(site: SiteContext, *arguments: str) -> list[Object]:
    done = subprocess.run([site.binary("manifests"), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"KubeVirt's manifests program ended with {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def objects(site: SiteContext) -> list[Object]:
    version = pinned("kubevirt", "kubevirt.io/kubevirt")
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kubevirt-ca", "namespace": NAMESPACE},
            "data": {"ca-bundle": site.pki.ca.read_text()},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "virt-api", "namespace": NAMESPACE},
            "spec": {"type": "ExternalName", "externalName": "127.0.0.1"},
        },
        {
            "apiVersion": "kubevirt.io/v1",
            "kind": "KubeVirt",
            "metadata": {"name": "kubevirt", "namespace": NAMESPACE},
            "spec": {
                "configuration": {
                    "controllerConfiguration": _rate_limit(),
                    "apiConfiguration": _rate_limit(),
                    "developerConfiguration": {"featureGates": ["Snapshot"]},
                }
            },
            # its configuration is ignored without a phase
            "status": {
                "phase": "Deployed",
                "defaultArchitecture": "amd64",
                "observedKubeVirtVersion": version,
                "targetKubeVirtVersion": version,
                "operatorVersion": version,
            },
        },
    ]


def _rate_limit() -> Object:
    return {"restClient": {"rateLimiter": {"tokenBucketRateLimiter": {"qps": QPS, "burst": BURST}}}}


def api_services(site: SiteContext) -> list[Object]:
    bundle = base64.b64encode(site.pki.ca.read_bytes()).decode()
    return [
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{version}.subresources.kubevirt.io"},
            "spec": {
                "group": "subresources.kubevirt.io",
                "version": version,
                "groupPriorityMinimum": 1000,
                "versionPriority": 15,
                "caBundle": bundle,
                "service": {"name": "virt-api", "namespace": NAMESPACE, "port": VIRT_API_PORT},
            },
        }
        for version in SUBRESOURCE_VERSIONS
    ]
