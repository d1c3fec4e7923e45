# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the certified collections' modules answer, in the shapes of their documentation, and options that lead to it."""

from __future__ import annotations

import copy
from typing import Any

LOGIN = {"username": "dr", "password": "s3cret"}
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "netapp_ontap": {
        site: {
            **LOGIN,
            "hostname": f"ontap.{site}.example.org",
            "svm": f"svm_{site}",
            "volume": "payroll",
            "export_policy": "nodes",
            "demoted_policy": "nodes_ro",
        }
        for site in ("east", "west")
    },
    "pure_flasharray": {
        site: {"fa_url": f"pure.{site}.example.org", "api_token": "s3cret", "pod": f"payroll-{site}"}
        for site in ("east", "west")
    },
    "dell_powerflex": {
        site: {**LOGIN, "hostname": f"flex.{site}.example.org", "rcg_name": "test_rcg"} for site in ("east", "west")
    },
    "dell_unity": {
        site: {**LOGIN, "unispherehost": f"unity.{site}.example.org", "session_name": "rep_sess_nas"}
        for site in ("east", "west")
    },
    "ibm_storage_virtualize": {
        site: {**LOGIN, "clustername": f"ibm.{site}.example.org", "consistency_group": "payroll", "side": side}
        for site, side in (("east", "master"), ("west", "aux"))
    },
    "hitachi_vspone_block": {
        site: {**LOGIN, "address": f"vsp.{site}.example.org", "copy_group": "payroll", "storage_device_id": device}
        for site, device in (("east", "A34000810050"), ("west", "A34000810045"))
    },
    "netapp_santricity": {
        site: {
            "api_url": "http://127.0.0.1:1/devmgr/v2/",
            "api_username": "dr",
            "api_password": "s3cret",
            "ssid": site,
            "mirror_group": "made_with_ansible",
        }
        for site in ("east", "west")
    },
}

RELATIONSHIP: dict[str, Any] = {
    "uuid": "b5ee4571-5429-11e9-9779-005056a7e0e0",
    "source": {"path": "svm_east:payroll"},
    "destination": {"path": "svm_west:payroll"},
    "state": "snapmirrored",
    "healthy": True,
    "lag_time": "PT8M42S",
    "transfer": {"uuid": "a", "state": "success", "end_time": "2026-03-01T11:50:00+00:00"},
}
VOLUME: dict[str, Any] = {
    "name": "payroll",
    "svm": {"name": "svm_east"},
    "type": "rw",
    "state": "online",
    "nas": {"export_policy": {"name": "nodes"}},
}
POD: dict[str, Any] = {
    "arrays": [{"name": "pure-east", "status": "online"}],
    "link_source_count": 1,
    "link_target_count": 0,
    "promotion_status": "promoted",
    "requested_promotion_state": "promoted",
}
LINK: dict[str, Any] = {
    "status": "replicating",
    "direction": "outbound",
    "lag": "2.0s",
    "remote_pod_name": "payroll-west",
    "remote_names": "pure-west",
    "recovery_point": "2026-03-01 11:59:58",
}
# lsrcconsistgrp of one group
CONSISTENCY_GROUP: dict[str, Any] = {
    "id": "0",
    "name": "payroll",
    "master_cluster_name": "ibm-east",
    "aux_cluster_name": "ibm-west",
    "primary": "master",
    "state": "consistent_synchronized",
    "relationship_count": "2",
    "freeze_time": "",
    "status": "online",
    "sync": "",
    "copy_type": "global",
}
PAIR: dict[str, Any] = {
    "copy_group_name": "payroll",
    "copy_pair_name": "payroll-db",
    "pvol_status": "PAIR",
    "pvol_storage_device_id": "A34000810050",
    "svol_status": "PAIR",
    "svol_storage_device_id": "A34000810045",
    "primary_volume_id": 6442,
    "secondary_volume_id": 7331,
}


def changed(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(document), **changes}
