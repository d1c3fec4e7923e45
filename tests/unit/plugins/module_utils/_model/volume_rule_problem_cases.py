# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be wrong with a volume rule: where, with which value, and what is said of it."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._model.broken_plan import GONE, RULE, Keys

VOLUME_RULE_CASES: list[tuple[Keys, object, str]] = [
    (
        (*RULE, "set", "wset"),
        {},
        'volumes.rules[0].set.wset: unknown site "wset", did you mean west?; allowed: east, west',
    ),
    ((*RULE, "set", "west"), GONE, "volumes.rules[0].set.west: is required: the plan must serve every direction"),
    (
        (*RULE, "set", "west", "nfs.path"),
        GONE,
        "rules[0].set.west.nfs.path: is required: volumes.rules[0].set.east sets it",
    ),
    ((*RULE, "set", "west", "nfs.sever"), "x", "unknown PV field nfs.sever, did you mean nfs.server?"),
    ((*RULE, "set", "west", "nsf.server"), "x", "unknown PV field nsf, did you mean nfs?"),
    ((*RULE, "set", "west", "nfs..server"), "x", "not the name of a PV field such as nfs.path"),
    ((*RULE, "set", "west", "spec.nfs.server"), "x", "leave out spec"),
    ((*RULE, "set", "west", "claimRef.name"), "x", "claimRef cannot be set by a rule"),
    ((*RULE, "set", "west", "csi"), "x", "csi cannot be set as a whole; name its field, such as csi.driver"),
    ((*RULE, "set", "west", "storageClassName.x"), "x", "storageClassName has no fields of its own"),
    (
        (*RULE, "set", "west", "nfs.path"),
        None,
        "set.west.nfs.path: got nothing (null), wanted a text",
    ),
    (
        (*RULE, "set", "west", "nfs.path"),
        "/{pv.nam}",
        "unknown placeholder {pv.nam}, did you mean pv.name?; known: {pv.name}",
    ),
    ((*RULE, "set", "west", "nfs.path"), "/{match.dir}", "capture it in the rule's match with (?P<name>…)"),
    ((*RULE, "set", "west", "nfs.path"), "/{pv.name", "a brace that belongs to no placeholder"),
    ((*RULE, "set", "west", "nfs.path"), "/{}", "unknown placeholder {}"),
    (
        (*RULE, "set", "west", "mountOptions"),
        ["x={pv.x}"],
        "set.west.mountOptions[0]: unknown placeholder {pv.x}",
    ),
    (
        (*RULE, "match", "nfs", "path"),
        "(",
        'volumes.rules[0].match.nfs.path: got the text "(": not a regular expression',
    ),
    ((*RULE, "match", "nfs", "host"), "x", "match.nfs.host: unknown key; allowed: server, path"),
    (
        (*RULE, "match"),
        {"name": "(?P<a>.)", "nfs": {"path": "(?P<a>.)"}},
        "captures a again; volumes.rules[0].match.name does",
    ),
    ((*RULE, "match"), GONE, "volumes.rules[0].match: is required"),
    (
        (*RULE, "match"),
        {"csi": {"volume_handle": "x"}},
        "match.csi.volume_handle: unknown key, did you mean volumeHandle?",
    ),
    ((*RULE, "match"), {"csi": {"volumeAttributes": {"pool": 1}}}, "match.csi.volumeAttributes.pool: got the number 1"),
    ((*RULE, "match"), {"isci": {}}, "match.isci: unknown key, did you mean iscsi?"),
    ((*RULE, "match"), {"iscsi": {"lun": "3"}}, "match.iscsi.lun: got the text"),
    ((*RULE, "match"), {"iscsi": {"portals": [1]}}, "match.iscsi.portals[0]: got the number 1"),
    ((*RULE, "match"), {"csi": {"readOnly": "yes"}}, "match.csi.readOnly: got the text"),
    ((*RULE, "match"), {"csi": {"nodeStageSecretRef": {"uid": "x"}}}, "unknown key; allowed: name, namespace"),
    ((*RULE, "match"), {"local": {"path": "("}}, "match.local.path: got the text"),
    ((*RULE, "match"), {"annotations": {"a/b": "("}}, "match.annotations.a/b: got the text"),
    ((*RULE, "match"), {"labels": {"a/b": 1}}, "match.labels.a/b: got the number 1"),
    ((*RULE, "match"), {"annotations": {"a": "(?P<x>.)", "b": "(?P<x>.)"}}, "match.annotations.b: captures x again"),
    ((*RULE, "set", "west", "iscsi.lun"), "3", "set.west.iscsi.lun: got the text"),
    ((*RULE, "set", "west", "iscsi.lun"), -1, "set.west.iscsi.lun: got the number -1, wanted 0 to 2147483647"),
    ((*RULE, "set", "west", "iscsi.portals"), "a:3260", "set.west.iscsi.portals: got the text"),
    ((*RULE, "set", "west", "csi.readOnly"), "true", "set.west.csi.readOnly: got the text"),
    ((*RULE, "set", "west", "csi.volumeAttributes.size"), 3, "csi.volumeAttributes.size: got the number 3"),
    ((*RULE, "set", "west", "csi.volumeAttributes"), "x", "name an attribute, such as csi.volumeAttributes[KEY]"),
    ((*RULE, "set", "west", "csi.volumeAttributes.a.b"), "x", "write a key with dots as csi.volumeAttributes[a.b]"),
    ((*RULE, "set", "west", "csi.nodeStageSecretRef"), "x", "such as csi.nodeStageSecretRef.name"),
    ((*RULE, "set", "west", "csi.nodeStageSecretRef.uid"), "x", "known: csi.nodeStageSecretRef.name, csi.nodeStage"),
    ((*RULE, "set", "west", "nfs.path.x"), "x", "nfs.path has no fields of its own"),
    ((*RULE, "set", "west", "nodeAffinity"), "x", "set.west.nodeAffinity: got the text"),
    ((*RULE, "set", "west", "nodeAffinity"), {"a": ["{x}"]}, "set.west.nodeAffinity.a[0]: unknown placeholder {x}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.csi.volumeHandel}", "did you mean pv.csi.volumeHandle?"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.csi}", "unknown placeholder {pv.csi}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.iscsi.portals}", "unknown placeholder {pv.iscsi.portals}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.labels}", "unknown placeholder {pv.labels}"),
    ((*RULE, "set", "west", "nfs.path"), "{pvc.volumeName}", "unknown placeholder {pvc.volumeName}"),
    ((*RULE, "set", "west", "nfs.path"), "{vm.uid}", "unknown placeholder {vm.uid}; known: {pv.name}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv}", "unknown placeholder {pv}"),
    ((*RULE, "set", "west", "nfs.path"), "{{ pv.name }}", "unknown placeholder { pv.name }"),
]
