# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.compare import (
    differences,
    fields_that_point_home,
    points_home,
)


def found(east: dict[str, Any], west: dict[str, Any], spec: dict[str, Any]) -> list[str]:
    return points_home([spec], VolumeRule(0, {}, {"east": east, "west": west}), "west")


@pytest.mark.parametrize(
    ("east", "west", "spec"),
    [
        # the host of a portal, wherever it stands
        ({"iscsi.targetPortal": "192.0.2.20:3260"}, {"iscsi.targetPortal": "a:3260"}, {"x": "192.0.2.20"}),
        ({"iscsi.targetPortal": "192.0.2.20:3260"}, {"iscsi.targetPortal": "a:3260"}, {"x": ["192.0.2.20:860"]}),
        # an item of a list
        ({"rbd.monitors": ["192.0.2.31:6789"]}, {"rbd.monitors": ["a:6789"]}, {"x": {"y": "mon=192.0.2.31"}}),
        # IPv6, alone and in brackets
        ({"nfs.server": "2001:db8::10"}, {"nfs.server": "2001:db8::20"}, {"x": "2001:db8::10"}),
        ({"nfs.server": "2001:db8::10"}, {"nfs.server": "2001:db8::20"}, {"x": "[2001:db8::10]#a"}),
        ({"csi.volumeHandle": "2001:db8::10#{pv.name}"}, {"csi.volumeHandle": "a#{pv.name}"}, {"x": "2001:db8::10"}),
        # the UUID of a cluster beside a placeholder
        (
            {"csi.volumeHandle": "0001-0024-0e9b7cce-b0fc-4539-bc15-c41aae18fa0a-0001-{pv.name}"},
            {"csi.volumeHandle": "0001-0024-1e9b7cce-b0fc-4539-bc15-c41aae18fa0a-0001-{pv.name}"},
            {"csi": {"volumeAttributes": {"clusterID": "0e9b7cce-b0fc-4539-bc15-c41aae18fa0a"}}},
        ),
        # inside nodeAffinity
        (
            {"nodeAffinity": {"a": [{"values": ["n1.east"]}]}},
            {"nodeAffinity": {"a": [{"values": ["n1.west"]}]}},
            {"x": "n1.east"},
        ),
    ],
)
def test_p2_a_value_of_the_other_site_is_found(
    east: dict[str, Any], west: dict[str, Any], spec: dict[str, Any]
) -> None:
    assert len(found(east, west, spec)) == 1


@pytest.mark.parametrize(
    ("east", "west", "spec"),
    [
        ({"nfs.server": "2001:db8::1"}, {"nfs.server": "2001:db8::2"}, {"x": "2001:db8::1:5"}),
        ({"nfs.server": "2001:db8::1"}, {"nfs.server": "2001:db8::2"}, {"x": "2001:db8::10"}),
        ({"csi.volumeHandle": "{pv.name}::{vm.name}"}, {"csi.volumeHandle": "a"}, {"x": "2001:db8::1"}),
        ({"iscsi.lun": 3}, {"iscsi.lun": 4}, {"iscsi": {"lun": 3}}),
        ({}, {}, {"x": "y"}),
        # both sites have it
        ({"rbd.pool": "vms", "rbd.user": "kube"}, {"rbd.pool": "kube", "rbd.user": "x"}, {"rbd": {"user": "kube"}}),
    ],
)
def test_p2_what_is_not_of_the_other_site_is_not_found(
    east: dict[str, Any], west: dict[str, Any], spec: dict[str, Any]
) -> None:
    assert found(east, west, spec) == []


def test_the_field_is_named_as_a_rule_would_name_it() -> None:
    rule = VolumeRule(0, {}, {"east": {"nfs.server": "a"}, "west": {"nfs.server": "b"}})
    spec = {"csi": {"volumeAttributes": {"x.org/y": "a", "z": "a"}}, "mountOptions": ["addr=a"]}
    assert [field for field, _text in fields_that_point_home([spec], rule, "west")] == [
        "csi.volumeAttributes[x.org/y]",
        "csi.volumeAttributes.z",
        "mountOptions",
    ]


def test_p2_what_the_server_leaves_out_because_it_is_empty_is_no_difference() -> None:
    wanted = {"spec": {"csi": {"volumeAttributes": {}}, "mountOptions": []}}
    assert differences(wanted, {"spec": {"csi": {"driver": "a"}}}) == []


@pytest.mark.parametrize(
    ("wanted", "seen", "told"),
    [
        ({"iscsi": {"lun": 3}}, {"iscsi": {"lun": 0}}, "iscsi.lun: wanted 3, is 0"),
        ({"fc": {"wwids": ["a"]}}, {"fc": {"wwids": ["a", "b"]}}, "fc.wwids: wanted ['a'], is ['a', 'b']"),
        ({"csi": {"x": {"name": "a"}}}, {"csi": {}}, "csi.x: wanted {'name': 'a'}, is None"),
        ({"nodeAffinity": {"required": {"a": 1}}}, {}, "nodeAffinity: wanted {'required': {'a': 1}}, is None"),
    ],
)
def test_p2_a_field_that_is_not_as_decided_is_told(wanted: dict[str, Any], seen: dict[str, Any], told: str) -> None:
    assert differences({"spec": wanted}, {"spec": seen}) == [told]
