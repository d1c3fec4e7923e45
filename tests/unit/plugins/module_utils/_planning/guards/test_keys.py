# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.keys import key_findings, key_needs
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import told

HERE, THERE = "openshift-storage/rbd-node", "ceph-west/rbd-node"
KMS = "ConfigMap/ceph-west/csi-kms-connection-details"


def pv(secret: str, **attributes: str) -> dict[str, Any]:
    namespace, _slash, name = secret.partition("/")
    ref = {"name": name, "namespace": namespace}
    csi = {"driver": "rbd.csi.ceph.com", "volumeAttributes": attributes, "nodeStageSecretRef": ref}
    return {"metadata": {"name": "pv-1"}, "spec": {"csi": csi}}


def secret(**data: str) -> dict[str, Any]:
    return {"data": {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}}


ENCRYPTED = {"encrypted": "true"}
WITH_KMS = {**ENCRYPTED, "encryptionKMSID": "vault"}
SAME = {"userID": "csi", "encryptionPassphrase": "one"}


@pytest.mark.parametrize(
    ("attributes", "here", "there", "configs", "found"),
    [
        ({}, {"userID": "csi"}, {"userID": "other"}, None, []),
        ({}, {"userID": "csi"}, None, None, [f"blocker VolumeSecretAbsent Secret/{THERE}"]),
        ({"encrypted": "false"}, {"encryptionPassphrase": "one"}, {"encryptionPassphrase": "two"}, None, []),
        (ENCRYPTED, SAME, {**SAME, "userID": "other"}, None, []),
        (ENCRYPTED, SAME, {**SAME, "encryptionPassphrase": "two"}, None, [f"blocker PassphraseDiffers Secret/{THERE}"]),
        (ENCRYPTED, SAME, {"userID": "csi"}, None, [f"blocker PassphraseDiffers Secret/{THERE}"]),
        (
            {"LUKSEncryption": "True"},
            {"luks-passphrase": "one"},
            {"luks-passphrase": "two"},
            None,
            [f"blocker PassphraseDiffers Secret/{THERE}"],
        ),
        (WITH_KMS, SAME, {"userID": "csi"}, [], [f"blocker KeyServiceAbsent {KMS}"]),
        (WITH_KMS, SAME, {"userID": "csi"}, [{"data": {"other": "{}"}}], [f"blocker KeyServiceAbsent {KMS}"]),
        (WITH_KMS, SAME, {"userID": "csi"}, [{"data": {"vault": "{}"}}], []),
        (WITH_KMS, SAME, {"userID": "csi"}, [{"data": {"config.json": '{"vault": {}}'}}], []),
        (
            WITH_KMS,
            SAME,
            {"userID": "csi"},
            [{"data": {"config.json": "no JSON"}}],
            [f"blocker KeyServiceAbsent {KMS}"],
        ),
        (WITH_KMS, SAME, {"userID": "csi"}, None, []),
    ],
)
def test_what_opens_a_volume_has_to_be_at_the_target(
    attributes: dict[str, str], here: Any, there: Any, configs: Any, found: list[str]
) -> None:
    """None: a Secret that is absent, ConfigMaps that could not be read."""
    needs = key_needs([("payroll/db-0", pv(HERE, **attributes), pv(THERE, **attributes))])
    seen = list(
        key_findings(
            needs,
            (),
            {HERE: secret(**here)},
            {THERE: secret(**there)} if there is not None else {},
            {} if configs is None else {"ceph-west": configs},
            "west",
        )
    )
    assert told(seen) == found
    assert not any(value in str(seen) for value in ("b25l", "dHdv", "one'", "two'"))


def test_a_secret_that_the_move_brings_is_not_absent() -> None:
    needs = key_needs([("payroll/db-0", pv(HERE), pv("payroll/luks-db-0"))])
    assert told(key_findings(needs, {"payroll/luks-db-0"}, {}, {}, {}, "west")) == []
    assert told(key_findings(needs, (), {}, {}, {}, "west")) == ["blocker VolumeSecretAbsent Secret/payroll/luks-db-0"]


TOKEN = "payroll/ceph-csi-kms-token"


@pytest.mark.parametrize(
    ("at_source", "at_target", "brought", "found"),
    [
        (False, False, (), []),
        (True, True, (), []),
        (True, False, (TOKEN,), []),
        (True, False, (), [f"blocker VolumeSecretAbsent Secret/{TOKEN}"]),
    ],
)
def test_the_token_of_a_tenant_is_needed_where_the_source_has_one(
    at_source: bool, at_target: bool, brought: tuple[str, ...], found: list[str]
) -> None:
    needs = key_needs([("payroll/db-0", pv(HERE, **WITH_KMS), pv(THERE, **WITH_KMS))])
    here = {TOKEN: secret(token="s.1")} if at_source else {}
    there = {THERE: secret(), **({TOKEN: secret(token="s.2")} if at_target else {})}
    configs = {"ceph-west": [{"data": {"vault": "{}"}}]}
    assert told(key_findings(needs, brought, here, there, configs, "west")) == found
