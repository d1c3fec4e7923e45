# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a volume rule may match and set, in a plan."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._model.broken_plan import Document, problems_of


def test_the_last_rule_may_match_everything_and_no_other(document: Document) -> None:
    anything = {"match": {}, "set": {"east": {}, "west": {}}}
    document["volumes"]["rules"].append(anything)
    assert len(parse_plan(document).rules) == 2
    document["volumes"]["rules"].append(anything)
    assert [problem.path for problem in problems_of(document)] == ["volumes.rules[1].match"]


def test_a_rule_sets_a_field_once(document: Document) -> None:
    for site in ("east", "west"):
        document["volumes"]["rules"][0]["set"][site] = {
            "csi.volumeAttributes.a": "1",
            "csi.volumeAttributes[a]": "2",
        }
    messages = [problem.message for problem in problems_of(document)]
    assert messages.count("means the same as csi.volumeAttributes[a], which is set as well") == 2


@pytest.mark.parametrize(
    "template",
    [
        "{pv.csi.volumeHandle}",
        "{pv.csi.volumeAttributes[a.b/c]}",
        "{pv.csi.nodeStageSecretRef.namespace}",
        "{pv.iscsi.lun}",
        "{pv.storageClassName}-{pv.labels.zone}-{pv.annotations[a.b/c]}",
        "{pvc.labels[a/b]}-{pvc.annotations.c}-{pvc.storageClassName}-{pvc.namespace}-{vm.name}",
    ],
)
def test_any_text_or_number_of_a_volume_may_fill_a_template(document: Document, template: str) -> None:
    document["volumes"]["rules"][0]["set"]["west"]["nfs.path"] = template
    assert parse_plan(document).rules[0].set["west"]["nfs.path"] == template


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iscsi.lun", 3),
        ("iscsi.lun", "{pv.annotations[lun]}"),
        ("iscsi.portals", ["a:3260", "{pv.annotations[portal]}:3260"]),
        ("fc.wwids", ["{pv.annotations[wwid]}"]),
        ("csi.readOnly", True),
        ("csi.controllerExpandSecretRef.namespace", "storage"),
        ("csi.volumeAttributes[a.b/c]", "d"),
        ("nodeAffinity", {"required": {"nodeSelectorTerms": [{"a": "{pv.labels.zone}"}]}}),
        ("vsphereVolume.volumePath", "[west] {pv.name}.vmdk"),
        ("rbd.monitors", ["a:6789"]),
    ],
)
def test_a_field_takes_what_it_holds(document: Document, field: str, value: object) -> None:
    document["volumes"]["rules"][0]["set"] = {site: {field: value} for site in ("east", "west")}
    assert parse_plan(document).rules[0].set["west"] == {field: value}


def test_a_named_capture_may_be_used_at_both_sites(document: Document) -> None:
    rule = document["volumes"]["rules"][0]
    rule["match"]["nfs"]["path"] = "/(exports|dr)/(?P<tail>.+)"
    rule["set"]["east"]["nfs.path"] = "/exports/{match.tail}"
    rule["set"]["west"]["nfs.path"] = "/dr/{match.tail}"
    assert parse_plan(document).rules[0].match["nfs"]["path"] == "/(exports|dr)/(?P<tail>.+)"
