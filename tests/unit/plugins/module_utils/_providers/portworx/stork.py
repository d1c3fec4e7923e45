# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stork's controllers as their source of 2024 has them. A migration of no volume is successful, too."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.failover import Failover
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    ACTION,
    CLAIM,
    COPIED,
    FINALIZER,
    MIGRATION,
    SCHEDULE,
    STORK,
    Object,
    StorkSite,
    created,
    find_one,
    is_activated,
    is_copy,
    migrations_of,
    status_of,
)


def reconcile(site: StorkSite) -> None:
    """Once over all objects."""
    for kind, act in ((SCHEDULE, _schedule), (MIGRATION, _migrate), (ACTION, _fail_over)):
        for item in site.of(kind):
            meta = item["metadata"]
            if meta.get("deletionTimestamp"):
                if kind == SCHEDULE:
                    for left in migrations_of(site, meta["name"]):
                        site.end(MIGRATION, left)
                site.end(kind, item)
            elif FINALIZER not in meta.get("finalizers", []):
                meta["finalizers"] = [FINALIZER]
                site.keep_item(kind, item)
            else:
                act(site, item)


def _schedule(site: StorkSite, item: Object) -> None:
    meta, spec = item["metadata"], item["spec"]
    if is_copy(item) or spec["suspend"] or not site.reaches_peer():
        return
    remote = find_one(site.peer, SCHEDULE, meta["namespace"], meta["name"])
    if remote is None and spec["autoSuspend"]:
        body = {"metadata": {"labels": dict(meta["labels"]), "annotations": {COPIED: "true"}}}
        site.peer.make(SCHEDULE, meta["namespace"], meta["name"], {**body, "spec": {**spec, "suspend": True}})
    elif remote and is_activated(remote):
        spec["suspend"] = True
        site.keep_item(SCHEDULE, item)
        return
    mine = migrations_of(site, meta["name"])
    if any(status_of(one)["stage"] != "Final" for one in mine) or any(_age(site, one) < site.every for one in mine):
        return
    # what failed is kept until one was successful
    newest = max((one for one in mine if status_of(one)["status"] == "Successful"), key=created, default=None)
    for old in mine:
        if newest and created(old) < created(newest):
            site.end(MIGRATION, old)
    owner = {"apiVersion": f"{STORK}/v1alpha1", "kind": SCHEDULE, "name": meta["name"], "uid": meta["uid"]}
    stamp = "".join(letter for letter in site.now() if letter.isdigit())
    body = {"metadata": {"ownerReferences": [owner]}, "spec": spec["template"]["spec"]}
    site.make(MIGRATION, meta["namespace"], f"{meta['name']}-interval-{stamp}", body)


def _migrate(site: StorkSite, item: Object) -> None:
    status, meta = status_of(item), item["metadata"]
    if status["stage"] == "Final":
        return None
    owners = [entry["name"] for entry in meta.get("ownerReferences", [])]
    if owners and site.reaches_peer():
        remote = find_one(site.peer, SCHEDULE, meta["namespace"], owners[0])
        if remote and is_activated(remote):
            status |= {"stage": "Final", "status": "Failed"}
            return site.keep_item(MIGRATION, item)
    if not site.has_begun(meta["uid"]):
        claims = _claims(site, item["spec"])
        site.begin(meta["uid"], claims)
        entries = [{"namespace": space, "persistentVolumeClaim": name} for space, name in claims]
        volumes = [{**entry, "status": "InProgress"} for entry in entries]
        status |= {"stage": "Volumes", "status": "InProgress", "volumes": volumes}
        site.keep_item(MIGRATION, item)
    elif site.is_through(meta["uid"]):
        failed = site.arrive(meta["uid"])
        for entry in status.get("volumes", []):
            why = failed.get((entry["namespace"], entry["persistentVolumeClaim"]), "")
            entry |= {"status": "Failed" if why else "Successful", "reason": why}
        status["stage"] = "Final"
        status["status"] = "Successful" if not failed else "PartialSuccess" if site.partly else "Failed"
        site.keep_item(MIGRATION, item)
    return None


def _claims(site: StorkSite, spec: Object) -> list[tuple[str, str]]:
    """Stork finds the volumes by their claims, and none is no error."""
    return [
        (item["metadata"]["namespace"], item["metadata"]["name"])
        for item in site.of(CLAIM)
        if item["metadata"]["namespace"] in spec["namespaces"]
        and spec["selectors"].items() <= item["metadata"].get("labels", {}).items()
    ]


def _fail_over(site: StorkSite, item: Object) -> None:
    if status_of(item)["stage"] != "Final":
        Failover(site, item).step()


def _age(site: StorkSite, item: Object) -> float:
    made = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
    return (datetime.fromisoformat(site.now()) - made).total_seconds()
