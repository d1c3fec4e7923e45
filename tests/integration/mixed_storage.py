# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One plan over two products: claims with a label are RBD images that Ceph mirrors, all others directories on NFS."""

from __future__ import annotations

import copy
from typing import Any

from demo.storages import STORAGES, Sites, Storage
from demo.storages.nfs import EXPORT

LABELS = {"storage": "ceph"}
NFS, CEPH = STORAGES["nfs"], STORAGES["ceph_rbd"]


def replication(sites: Sites) -> dict[str, Any]:
    """The plan's section: a group each."""
    others = [{"key": key, "operator": "NotIn", "values": [value]} for key, value in LABELS.items()]
    return {
        "groups": [
            # the export is called as its group
            _group(EXPORT, NFS, sites, {"matchExpressions": others}),
            _group("images", CEPH, sites, {"matchLabels": LABELS}),
        ]
    }


def volume_rules(sites: Sites) -> list[dict[str, Any]]:
    return [*NFS.volume_rules(sites), *CEPH.volume_rules(sites)]


def _group(name: str, storage: Storage, sites: Sites, selector: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(storage.replication(sites))
    del found["groups"]
    return {"name": name, "selector": selector, **found}
