# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_volume_fields import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.template import CapturedVolume, Template

VOLUME = CapturedVolume(
    pv={
        "metadata": {
            "name": "pv-1",
            "labels": {"zone": "a", "example.org/x": "b"},
            "annotations": {"a/b": "c", "n": "7"},
        },
        "spec": {
            "storageClassName": "gold",
            "csi": {"volumeHandle": "h", "volumeAttributes": {"a.b/c": "d"}, "nodeStageSecretRef": {"name": "s"}},
            "iscsi": {"lun": 3, "readOnly": True, "portals": ["p"]},
        },
    },
    pvc={
        "metadata": {"name": "db-0", "namespace": "payroll", "labels": {"tier": "db"}},
        "spec": {"storageClassName": "g"},
    },
    vms=("postgres",),
    captures={"rest": "r", "none": ""},
)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("{pv.name}", "pv-1"),
        ("{pv.csi.volumeHandle}", "h"),
        ("{pv.csi.volumeAttributes[a.b/c]}", "d"),
        ("{pv.csi.nodeStageSecretRef.name}", "s"),
        ("{pv.storageClassName}", "gold"),
        ("lun-{pv.iscsi.lun}", "lun-3"),
        ("{pv.labels.zone}{pv.labels[example.org/x]}", "ab"),
        ("{pv.annotations[a/b]}", "c"),
        ("{pvc.namespace}/{pvc.name}", "payroll/db-0"),
        ("{pvc.labels[tier]}-{pvc.storageClassName}", "db-g"),
        ("/{vm.name}/{match.rest}/", "/postgres/r/"),
        (["a", "{pv.name}"], ["a", "pv-1"]),
        ({"a": [{"b": "{vm.name}", "c": 1}]}, {"a": [{"b": "postgres", "c": 1}]}),
        (True, True),
        (3, 3),
    ],
)
def test_a_template_is_filled(template: Any, value: Any) -> None:
    assert Template(template, Kind.WORD).fill(VOLUME) == value


@pytest.mark.parametrize(
    "name",
    [
        "pv.nfs.path",
        "pv.csi.volumeAttributes.absent",
        "pv.annotations[absent]",
        "pvc.annotations[absent]",
        "pv.iscsi.readOnly",
        "pv.iscsi.portals",
        "match.none",
    ],
)
def test_a_placeholder_without_a_text_is_refused_with_its_name(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        Template(f"a-{{{name}}}", Kind.WORD).fill(VOLUME)
    assert refusal.value.on == "PersistentVolume/pv-1"
    assert refusal.value.seen == f"{{{name}}} has no value here"
    assert refusal.value.next_step


def test_a_number_may_come_from_a_template() -> None:
    assert Template("{pv.annotations[n]}", Kind.NUMBER).fill(VOLUME) == 7
    with pytest.raises(Refused, match="gives 'c' here; wanted: a whole number"):
        Template("{pv.annotations[a/b]}", Kind.NUMBER).fill(VOLUME)


def test_what_one_volume_gets_is_not_shared_with_the_next() -> None:
    template = Template({"a": ["b"]}, Kind.TREE)
    template.fill(VOLUME)["a"].append("c")
    assert template.fill(VOLUME) == {"a": ["b"]}


def test_nothing_in_a_template_is_evaluated() -> None:
    volume = CapturedVolume({"metadata": {"name": "{vm.name}{{ 1 + 1 }}"}}, {}, ("postgres",), {})
    assert Template("{pv.name}", Kind.WORD).fill(volume) == "{vm.name}{{ 1 + 1 }}"
