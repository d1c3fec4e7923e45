"""A CSI volume per VM, as csi_addons has them, by a class that reads as one of IBM with a replication policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demo.cluster import Cluster, Object
from demo.storages.csi_addons import DRIVER, GROUP, TIMEOUT, CsiAddonsStorage

CLASSES = "/apis/replication.storage.openshift.io/v1alpha1/volumereplicationclasses"
CLASS = "flash-policy"


class IbmStorage(CsiAddonsStorage):
    """The lab's driver stands in for IBM's: of a policy the verbs mean what they mean to csi-addons."""

    def __init__(self) -> None:
        super().__init__("volume")

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        for facts in (site, peer):
            define_class(facts)
        super().provision(site, peer, volumes)

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "ibm",
            "max_lag": "2m",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {"class": CLASS, "driver": DRIVER, "timeout": TIMEOUT},
        }


def define_class(site: dict[str, Any]) -> None:
    """The lab's own class, with the parameter that makes a policy of it."""
    cluster = Cluster(Path(site["kubeconfig"]))
    known = {item["metadata"]["name"]: item["spec"] for item in cluster.call("GET", CLASSES)["items"]}
    if CLASS in known:
        return
    spec = known[site["csi_addons"]["volume_replication_class"]]
    parameters = {**spec["parameters"], "replication_policy": "lab"}
    body = {"apiVersion": "replication.storage.openshift.io/v1alpha1", "kind": "VolumeReplicationClass"}
    cluster.call("POST", CLASSES, {**body, "metadata": {"name": CLASS}, "spec": {**spec, "parameters": parameters}})
