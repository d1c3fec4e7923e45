"""csi-addons' manager and sidecars outside the cluster, and the lab's own drivers between a sidecar and its storage."""

from __future__ import annotations

from pathlib import Path

from ocpvirt_lab import ceph
from ocpvirt_lab import csi_addons_objects as objects
from ocpvirt_lab.components import SITE_CEPH
from ocpvirt_lab.csi_addons_objects import RBD, Driver
from ocpvirt_lab.kube import Kube
from ocpvirt_lab.layout import API_PORT, CONTROL_PORT
from ocpvirt_lab.process import Process, SiteContext

COMPONENT = "csiaddons"
MANAGER = "csi-addons-manager"
SIDECAR = "csi-addons-sidecar"
HEALTH_PORT = 8093
POD_DEADLINE = 60
CONNECTED_DEADLINE = 60
IN_POD = """
account=/run/secrets/kubernetes.io/serviceaccount
mkdir -p $account
mount --bind "$1" $account
shift
until "$@"; do sleep 1; done
"""
"""What a kubelet does for the sidecar. It knows only the in-cluster configuration, at a path that both sites have, so
each has a mount namespace; and it ends when the driver does or its lease is lost, to be started again."""
AGAIN = 'until "$@"; do sleep 1; done'
"""What a kubelet does for a driver: librbd 16.2 aborts at times when an image's mirror snapshots change under it."""


def enabled(site: SiteContext) -> bool:
    return MANAGER in site.binaries


def processes(site: SiteContext) -> list[Process]:
    """In the order in which they need each other."""
    if not enabled(site):
        return []
    pairs = [process for driver in _drivers(site) for process in (_driver(driver, site), _sidecar(driver, site))]
    return [*pairs, _manager(site)]


def _drivers(site: SiteContext) -> list[Driver]:
    return objects.drivers(site.storage)


def join(site: SiteContext, kube: Kube) -> None:
    """What a sidecar reads when it starts: its service account, and its pod with the address it is reached at."""
    account = _account(site)
    account.mkdir(parents=True, exist_ok=True)
    (account / "ca.crt").write_bytes(site.pki.ca.read_bytes())
    (account / "namespace").write_text(objects.NAMESPACE)
    token = account / "token"
    token.touch(mode=0o600)
    token.write_text(site.pki.token("admin"))
    pods = f"/api/v1/namespaces/{objects.NAMESPACE}/pods"

    def missing() -> set[str]:
        wanted = {driver.pod for driver in _drivers(site)}
        return wanted - {pod["metadata"]["name"] for pod in kube.get(pods)["items"]}

    kube.wait(missing, "the pods of the sidecars", POD_DEADLINE)
    kube.apply([objects.pod_address(driver, site.layout.mgmt) for driver in _drivers(site)])


def wait_connected(site: SiteContext, kube: Kube) -> None:
    path = f"/apis/csiaddons.openshift.io/v1alpha1/namespaces/{objects.NAMESPACE}/csiaddonsnodes"

    def missing() -> set[str]:
        nodes = kube.get(path)["items"]
        connected = {n["spec"]["driver"]["name"] for n in nodes if n.get("status", {}).get("state") == "Connected"}
        return {driver.name for driver in _drivers(site)} - connected

    kube.wait(missing, "the drivers of csi-addons connected", CONNECTED_DEADLINE)


def _account(site: SiteContext) -> Path:
    return _directory(site) / "serviceaccount"


def _directory(site: SiteContext) -> Path:
    return site.directory / "csi-addons"


def _socket(driver: Driver, site: SiteContext) -> str:
    # in the lab's own /run: the address of a Unix socket is limited to 107 characters, a checkout's path is not
    return f"/run/csi-addons-{driver.short}-{site.name}.sock"


def _driver(driver: Driver, site: SiteContext) -> Process:
    argv = [
        *_program(driver, site),
        f"--name={site.name}",
        f"--socket={_socket(driver, site)}",
        f"--groups={_directory(site) / f'{driver.short}-groups.json'}",
        f"--clients={','.join(driver.clients(site.name))}",
        f"--kubeconfig={site.pki.kubeconfig('admin')}",
    ]
    return Process(f"csi-addons-{driver.short}", argv)


def _program(driver: Driver, site: SiteContext) -> list[str]:
    if driver is RBD:
        again = ["sh", "-ec", AGAIN, f"csi-addons-{driver.short}"]
        return [*again, site.binary(SITE_CEPH), "csi-addons", *ceph.provisioner_options(site)]
    layout = site.layout
    return [
        site.binary("site"),
        "csi-addons",
        f"--control=http://{layout.mgmt}:{CONTROL_PORT}",
        f"--server={layout.nfs}",
        f"--prefix={site.export_prefix}",
    ]


def _sidecar(driver: Driver, site: SiteContext) -> Process:
    name = f"{SIDECAR}-{driver.short}"
    argv = [
        *("unshare", "--mount", "sh", "-ec", IN_POD, name, str(_account(site))),
        site.binary(SIDECAR),
        f"--csi-addons-address=unix://{_socket(driver, site)}",
        f"--controller-port={driver.sidecar_port}",
        f"--node-id={site.name}",
        f"--pod={driver.pod}",
        f"--namespace={objects.NAMESPACE}",
        f"--leader-election-namespace={objects.NAMESPACE}",
        # insisted on, and used only for the pods of Deployments
        "--pod-uid=unused",
        "--enable-auth=false",
        # nothing restarts a sidecar here that lost its lease on a busy machine
        "--leader-election-lease-duration=60s",
        "--leader-election-renew-deadline=50s",
    ]
    environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(API_PORT)}
    return Process(name, argv, environment=environment)


def _manager(site: SiteContext) -> Process:
    argv = [
        site.binary(MANAGER),
        f"--kubeconfig={site.pki.kubeconfig('admin')}",
        f"--namespace={objects.NAMESPACE}",
        "--enable-auth=false",
        f"--health-probe-bind-address=127.0.0.1:{HEALTH_PORT}",
    ]
    return Process(MANAGER, argv, f"http://127.0.0.1:{HEALTH_PORT}/healthz")
