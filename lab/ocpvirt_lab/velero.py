"""Velero outside the cluster, with its AWS plug-in and a backup location that both sites share."""

from __future__ import annotations

import subprocess

import yaml

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.kube import Object
from ocpvirt_lab.layout import HUB_DATA, S3_BUCKET, S3_PORT, S3_REGION
from ocpvirt_lab.process import Process, SiteContext
from ocpvirt_lab.s3 import Credentials

NAMESPACE = "velero"
METRICS = "127.0.0.1:8085"
PROFILER = "127.0.0.1:6060"


def process(site: SiteContext, credentials: Credentials) -> Process:
    file = site.directory / "velero-credentials"
    file.touch(mode=0o600)
    file.write_text(
        f"[default]\naws_access_key_id={credentials.access_key}\naws_secret_access_key={credentials.secret_key}\n"
    )
    plugins = site.binaries["plugins/velero-plugin-for-aws"].parent
    argv = [
        site.binary("velero"),
        "server",
        f"--kubeconfig={site.pki.kubeconfig('admin')}",
        f"--plugin-dir={plugins}",
        f"--metrics-address={METRICS}",
        f"--profiler-address={PROFILER}",
        "--client-qps=200",
        "--client-burst=400",
        "--item-operation-sync-frequency=2s",
    ]
    environment = {"VELERO_NAMESPACE": NAMESPACE, "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    return Process("velero", argv, f"http://{METRICS}/metrics", environment)


def crds(site: SiteContext) -> list[Object]:
    done = subprocess.run(
        [site.binary("velero"), "install", "--crds-only", "--dry-run", "-o", "json"], capture_output=True, text=True
    )
    if done.returncode:
        raise LabError(f"`velero install --crds-only` ended with {done.returncode}: {done.stderr.strip()}")
    return yaml.safe_load(done.stdout)["items"]


def objects(site: SiteContext) -> list[Object]:
    labels = {"component": "velero"}
    return [
        {
            "apiVersion": "velero.io/v1",
            "kind": "BackupStorageLocation",
            "metadata": {"name": "default", "namespace": NAMESPACE},
            "spec": {
                "provider": "aws",
                "default": True,
                "accessMode": "ReadWrite",
                "backupSyncPeriod": "5s",
                "validationFrequency": "10s",
                "objectStorage": {"bucket": S3_BUCKET},
                "config": {
                    "region": S3_REGION,
                    "s3ForcePathStyle": "true",
                    "s3Url": f"http://{HUB_DATA}:{S3_PORT}",
                    # what a DownloadRequest hands out must work from the host
                    "publicUrl": f"http://127.0.0.1:{site.ports['s3']}",
                    "checksumAlgorithm": "",
                },
            },
        },
        # a Restore looks for the server's Deployment; the process runs outside, so it has no replicas
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "velero", "namespace": NAMESPACE, "labels": labels},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "velero", "image": "velero:lab", "args": ["server"]}]},
                },
            },
        },
    ]
