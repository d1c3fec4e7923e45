"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler of one site."""

from __future__ import annotations

import yaml

from ocpvirt_lab.layout import API_PORT
from ocpvirt_lab.pki import FRONT_PROXY
from ocpvirt_lab.process import Process, SiteContext

ETCD_CLIENT = "http://127.0.0.1:2379"
ETCD_PEER = "http://127.0.0.1:2380"
ETCD_QUOTA_BYTES = 8 << 30
CLIENT_QPS, CLIENT_BURST = 400, 800
SERVICE_RANGE = "10.96.0.0/16"


def processes(site: SiteContext) -> list[Process]:
    return [_etcd(site), _apiserver(site)]


def controllers(site: SiteContext) -> list[Process]:
    return [_controller_manager(site), _scheduler(site)]


def _etcd(site: SiteContext) -> Process:
    argv = [
        site.binary("etcd"),
        f"--data-dir={site.directory / 'etcd'}",
        f"--listen-client-urls={ETCD_CLIENT}",
        f"--advertise-client-urls={ETCD_CLIENT}",
        f"--listen-peer-urls={ETCD_PEER}",
        f"--initial-advertise-peer-urls={ETCD_PEER}",
        f"--initial-cluster=default={ETCD_PEER}",
        f"--quota-backend-bytes={ETCD_QUOTA_BYTES}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    return Process("etcd", argv, f"{ETCD_CLIENT}/health")


def _apiserver(site: SiteContext) -> Process:
    pki = site.pki
    server_crt, server_key = pki.server
    proxy_crt, proxy_key = pki.front_proxy
    argv = [
        site.binary("kube-apiserver"),
        f"--etcd-servers={ETCD_CLIENT}",
        f"--advertise-address={site.layout.mgmt}",
        f"--secure-port={API_PORT}",
        f"--tls-cert-file={server_crt}",
        f"--tls-private-key-file={server_key}",
        f"--client-ca-file={pki.ca}",
        f"--token-auth-file={pki.tokens}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki.service_account_public_key}",
        f"--service-account-signing-key-file={pki.service_account_key}",
        # without all of these extension-apiserver-authentication is absent and virt-api panics
        f"--requestheader-client-ca-file={pki.ca}",
        f"--requestheader-allowed-names={FRONT_PROXY}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={proxy_crt}",
        f"--proxy-client-key-file={proxy_key}",
        "--max-requests-inflight=1000",
        "--max-mutating-requests-inflight=500",
        "--profiling=false",
    ]
    # A thousand VMs fill its caches with 2.6 GB; near a limit a third of its processor collects garbage.
    environment = {"GOMEMLIMIT": "10GiB"}
    return Process("kube-apiserver", argv, f"https://127.0.0.1:{API_PORT}/readyz", environment)


def _controller_manager(site: SiteContext) -> Process:
    crt, key = site.pki.server
    argv = [
        site.binary("kube-controller-manager"),
        f"--kubeconfig={site.pki.kubeconfig('admin')}",
        "--bind-address=127.0.0.1",
        f"--tls-cert-file={crt}",
        f"--tls-private-key-file={key}",
        "--leader-elect=false",
        f"--root-ca-file={site.pki.ca}",
        f"--service-account-private-key-file={site.pki.service_account_key}",
        f"--kube-api-qps={CLIENT_QPS}",
        f"--kube-api-burst={CLIENT_BURST}",
        "--profiling=false",
    ]
    return Process("kube-controller-manager", argv, "https://127.0.0.1:10257/healthz")


def _scheduler(site: SiteContext) -> Process:
    crt, key = site.pki.server
    config = site.directory / "scheduler.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kubescheduler.config.k8s.io/v1",
                "kind": "KubeSchedulerConfiguration",
                "clientConnection": {
                    "kubeconfig": str(site.pki.kubeconfig("admin")),
                    "qps": CLIENT_QPS,
                    "burst": CLIENT_BURST,
                },
                "leaderElection": {"leaderElect": False},
            }
        )
    )
    argv = [
        site.binary("kube-scheduler"),
        f"--config={config}",
        "--bind-address=127.0.0.1",
        f"--tls-cert-file={crt}",
        f"--tls-private-key-file={key}",
    ]
    return Process("kube-scheduler", argv, "https://127.0.0.1:10259/healthz")
