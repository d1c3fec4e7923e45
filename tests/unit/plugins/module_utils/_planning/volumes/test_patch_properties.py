# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every volume: there and back is the identity, twice is once, nothing of the old cluster stays."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.clean import clean_pv, clean_pvc
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.compare import differences
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.existing import adopt_volume
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision, patch_volume
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import merged
from hypothesis import assume, given, settings
from hypothesis import strategies as st

Object = dict[str, Any]

# the same examples in every run, and as long as it takes on a busy machine
EVERY = settings(max_examples=50, deadline=None, derandomize=True, database=None)

EAST, WEST = "192.0.2.10", "198.51.100.10"
CLUSTERS = {"east": "6d0d2bcb58d9ee8b", "west": "b3f1d9a7c2e84e0f9a6b"}
PLAN: Object = {
    "name": "payroll",
    "home": "east",
    "sites": {"east": {"kubeconfig": "east.yml"}, "west": {"kubeconfig": "west.yml"}},
    "protect": {"namespaces": ["payroll"], "selector": {}},
}

# names are drawn from few: most of what can go wrong needs two of them to be the same
name = st.text("abc019-", min_size=1, max_size=5).map("n{}n".format)
key = st.one_of(name, name.map("{}.example.org/key".format))
text = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
uuid = st.uuids(version=4).map(str)
directory = st.lists(name, min_size=1, max_size=3).map("/".join)


def ceph_handle(site: str, pool: int, volume: str) -> str:
    return f"0001-{len(CLUSTERS[site]):04x}-{CLUSTERS[site]}-{pool:016x}-{volume}"


@st.composite
def nfs(draw: st.DrawFn) -> tuple[Object, Object]:
    source = {"nfs": {"server": EAST, "path": f"/exports/{draw(directory)}"}}
    rule = {
        "match": {"nfs": {"server": [EAST, WEST], "path": "/(exports|dr)/(?P<rest>.+)"}},
        "set": {
            "east": {"nfs.server": EAST, "nfs.path": "/exports/{match.rest}"},
            "west": {"nfs.server": WEST, "nfs.path": "/dr/{match.rest}"},
        },
    }
    return source, rule


@st.composite
def csi_nfs(draw: st.DrawFn) -> tuple[Object, Object]:
    subdir, tail = draw(directory), draw(st.sampled_from(["##", "#uuid#", "#uuid#retain"]))
    attributes = {"server": EAST, "share": "/exports", "subdir": subdir, **draw(extra)}
    source = {
        "csi": {
            "driver": "nfs.csi.k8s.io",
            "volumeHandle": f"{EAST}#exports#{subdir}{tail}",
            "volumeAttributes": attributes,
        }
    }
    sets = {
        site: {
            "csi.volumeHandle": f"{server}#{share}#{{match.rest}}",
            "csi.volumeAttributes.server": server,
            "csi.volumeAttributes.share": f"/{share}",
        }
        for site, server, share in (("east", EAST, "exports"), ("west", WEST, "dr"))
    }
    return source, {"match": {"csi": {"volumeHandle": "[^#]+#[^#]+#(?P<rest>.+)"}}, "set": sets}


@st.composite
def rbd(draw: st.DrawFn) -> tuple[Object, Object]:
    volume, pools = draw(uuid), {"east": draw(st.integers(0, 2**63)), "west": draw(st.integers(0, 2**63))}
    attributes = {"clusterID": CLUSTERS["east"], "imageName": f"csi-vol-{volume}", **draw(extra)}
    source = {
        "csi": {
            "driver": "rbd.csi.ceph.com",
            "volumeHandle": ceph_handle("east", pools["east"], volume),
            "volumeAttributes": attributes,
        }
    }
    sets = {
        site: {
            "csi.volumeHandle": ceph_handle(site, pools[site], "{match.uuid}"),
            "csi.volumeAttributes.clusterID": CLUSTERS[site],
            "csi.nodeStageSecretRef.name": f"ceph-{site}",
        }
        for site in CLUSTERS
    }
    source["csi"]["nodeStageSecretRef"] = {"name": "ceph-east", "namespace": draw(name)}
    return source, {"match": {"csi": {"volumeHandle": ".*-(?P<uuid>[0-9a-f-]{36})"}}, "set": sets}


@st.composite
def iscsi(draw: st.DrawFn) -> tuple[Object, Object]:
    source = {"targetPortal": f"{EAST}:3260", "portals": [f"{EAST}:3261"], "iqn": "iqn.2015-02.east", "lun": 1}
    source["lun"] = draw(st.integers(0, 255))
    sets = {
        site: {
            "iscsi.targetPortal": f"{server}:3260",
            "iscsi.portals": [f"{server}:3261"],
            "iscsi.iqn": f"iqn.2015-02.{site}",
            "iscsi.lun": "{pv.iscsi.lun}",
        }
        for site, server in (("east", EAST), ("west", WEST))
    }
    return {"iscsi": source}, {"match": {"iscsi": {}}, "set": sets}


extra = st.dictionaries(name, text, max_size=3)
invertible = st.one_of(nfs(), csi_nfs(), rbd(), iscsi())


@st.composite
def pairs(draw: st.DrawFn, source: Object) -> tuple[Object, Object]:
    """A PV with the source and its claim, as the old cluster serves them."""
    pv_name, claim_name, namespace, storage_class = draw(name), draw(name), draw(name), "class-east"
    meta = {"uid": draw(uuid), "resourceVersion": draw(uuid), "finalizers": ["kubernetes.io/pv-protection"]}
    ours = st.dictionaries(key, text, max_size=3)
    claim_uid, owner_uid = draw(uuid), draw(uuid)
    noted = {
        "pv.kubernetes.io/bound-by-controller": "yes",
        "volume.kubernetes.io/selected-node": draw(name),
        "cdi.kubevirt.io/ownerUID": owner_uid,
        "example.org/uid": draw(st.sampled_from([claim_uid, owner_uid])),
    }
    pv = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": pv_name, "labels": draw(ours), "annotations": {**draw(ours), **noted}, **meta},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "capacity": {"storage": "1Gi"},
            "persistentVolumeReclaimPolicy": draw(st.sampled_from(["Delete", "Retain"])),
            "claimRef": {"namespace": namespace, "name": claim_name, "uid": claim_uid, "resourceVersion": draw(uuid)},
            "storageClassName": storage_class,
            **copy.deepcopy(source),
        },
        "status": {"phase": "Bound"},
    }
    if draw(st.booleans()):
        pv["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": []}]}}
    pvc = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            **meta,
            "name": claim_name,
            "namespace": namespace,
            "uid": claim_uid,
            "labels": draw(ours),
            "annotations": {**draw(ours), **noted},
            "ownerReferences": [{"kind": draw(st.sampled_from(["DataVolume", "VM"])), "name": "a", "uid": owner_uid}],
        },
        "spec": {
            "volumeName": pv_name,
            "storageClassName": storage_class,
            "dataSource": {"name": "golden", "kind": "VolumeSnapshot"},
        },
    }
    pv["metadata"]["annotations"]["example.org/uid"] = draw(st.sampled_from([claim_uid, meta["uid"]]))
    return pv, pvc


def rules_of(rule: Object) -> tuple[VolumeRule, ...]:
    for site, fields in rule["set"].items():
        fields["storageClassName"] = f"class-{site}"
    return parse_plan({**PLAN, "volumes": {"rules": [rule]}}).rules


@st.composite
def cases(draw: st.DrawFn) -> tuple[Object, Object, tuple[VolumeRule, ...]]:
    source, rule = draw(invertible)
    pv, pvc = draw(pairs(source))
    return pv, pvc, rules_of(rule)


def ties(pv: Object, pvc: Object) -> set[str]:
    """Everything that the old cluster made up for these two objects."""
    every = [pv["metadata"], pvc["metadata"], pv["spec"]["claimRef"], *pvc["metadata"]["ownerReferences"]]
    return {item[field] for item in every for field in ("uid", "resourceVersion") if field in item}


def words(value: Any) -> set[str]:
    """Hosts, addresses and names in all texts of a document, told apart without the code under test."""
    return {word for word in re.split(r"[^A-Za-z0-9.-]+", json.dumps(value)) if word}


@EVERY
@given(cases())
def test_there_and_back_is_the_identity_on_the_canonical_form(
    case: tuple[Object, Object, tuple[VolumeRule, ...]],
) -> None:
    pv, pvc, rules = case
    there = patch_volume(pv, pvc, rules, "west")
    back = patch_volume(there.pv, there.pvc, rules, "east")
    populated = there.pvc["metadata"].get("annotations")
    assert back.pv == clean_pv(pv)
    assert back.pvc == {**clean_pvc(pvc), "metadata": back.pvc["metadata"]}
    assert back.pvc["metadata"].get("annotations") == populated


@EVERY
@given(cases())
def test_patching_twice_is_patching_once(case: tuple[Object, Object, tuple[VolumeRule, ...]]) -> None:
    pv, pvc, rules = case
    once = patch_volume(pv, pvc, rules, "west")
    twice = patch_volume(once.pv, once.pvc, rules, "west")
    assert (twice.pv, twice.pvc) == (once.pv, once.pvc)


@EVERY
@given(
    st.data(),
    st.dictionaries(
        st.sampled_from(["nfs.server", "nfs.path", "mountOptions"]),
        st.sampled_from(["{pv.name}", "{pvc.namespace}/{pvc.name}", "{pvc.labels[tier]}", "{vm.name}", "constant"]),
        min_size=1,
    ),
)
def test_patching_twice_is_patching_once_when_nothing_leads_back(data: st.DataObject, fields: dict[str, str]) -> None:
    west = {field: [f"x={value}"] if field == "mountOptions" else f"/{value}" for field, value in fields.items()}
    east = {field: ["of-the-east"] if field == "mountOptions" else "/of-the-east" for field in fields}
    pv, pvc = data.draw(pairs({"nfs": {"server": "a", "path": "/a"}}))
    pvc["metadata"]["labels"]["tier"] = "db"
    rules = rules_of({"match": {}, "set": {"east": east, "west": west}})
    once = patch_volume(pv, pvc, rules, "west", ("vm-1",))
    twice = patch_volume(once.pv, once.pvc, rules, "west", ("vm-1",))
    assert (twice.pv, twice.pvc) == (once.pv, once.pvc)


@EVERY
@given(cases())
def test_p2_no_uid_of_the_old_cluster_is_left(case: tuple[Object, Object, tuple[VolumeRule, ...]]) -> None:
    pv, pvc, rules = case
    decision = patch_volume(pv, pvc, rules, "west")
    left = json.dumps([decision.pv, decision.pvc])
    assert [tie for tie in ties(pv, pvc) if tie in left] == []


HIDING = ("mountOptions", "attribute", "secret")


@EVERY
@given(cases(), st.sampled_from(HIDING), st.sampled_from(["{}", "addr={}", "{}:2049", "a,{},b", "mon@{}/x", "[{}]"]))
def test_p2_the_other_sites_address_is_refused_wherever_it_hides(
    case: tuple[Object, Object, tuple[VolumeRule, ...]], place: str, form: str
) -> None:
    pv, pvc, rules = case
    assume("csi" in pv["spec"] or place == "mountOptions")
    theirs = CLUSTERS["east"] if "rbd" in str(pv["spec"].get("csi")) else EAST
    hidden = form.format(theirs)
    if place == "mountOptions":
        pv["spec"]["mountOptions"] = ["hard", hidden]
    elif place == "attribute":
        pv["spec"]["csi"]["volumeAttributes"]["y-hidden"] = hidden
    else:
        pv["spec"]["csi"]["controllerExpandSecretRef"] = {"name": "a", "namespace": hidden}
    with pytest.raises(Refused) as refusal:
        patch_volume(pv, pvc, rules, "west")
    assert refusal.value.seen == f"after rule 0 it still holds {hidden!r}, a value of the other site"


@EVERY
@given(cases())
def test_p2_a_patched_volume_has_no_word_of_the_other_site(case: tuple[Object, Object, tuple[VolumeRule, ...]]) -> None:
    pv, pvc, rules = case
    spec = patch_volume(pv, pvc, rules, "west").pv["spec"]
    spec = {field: value for field, value in spec.items() if field != "claimRef"}
    assert not words(spec) & {EAST, CLUSTERS["east"], "class-east", "ceph-east", "iqn.2015-02.east"}


@EVERY
@given(cases())
def test_what_was_given_stays_as_it_was(case: tuple[Object, Object, tuple[VolumeRule, ...]]) -> None:
    pv, pvc, rules = case
    before = copy.deepcopy((pv, pvc))
    decision = patch_volume(pv, pvc, rules, "west")
    decision.pv["spec"]["accessModes"].append("changed")
    decision.pvc["metadata"]["labels"] = {}
    assert (pv, pvc) == before


CLAIM_VERSION = {("claimRef", "apiVersion"), ("claimRef", "kind")}


def as_served(decision: VolumeDecision, data: st.DataObject) -> Object:
    """The decided PV as an API server has it: with an identity and defaults, perhaps bound once."""
    seen = copy.deepcopy(decision.pv)
    seen["metadata"].update({"uid": "of-west", "resourceVersion": "1"})
    seen["spec"].setdefault("volumeMode", "Filesystem")
    seen["spec"]["claimRef"].update(data.draw(st.sampled_from([{}, {"uid": "stale", "resourceVersion": "0"}])))
    return seen


def texts_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all texts that say something of the volume."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, (dict, list)):
            yield from texts_in(item, (*path, key))
        elif isinstance(item, str) and (*path, key)[:2] not in CLAIM_VERSION:
            yield (*path, key)


@EVERY
@given(cases(), st.data())
def test_a_volume_bound_anew_is_the_decided_one_without_its_old_claim_and_is_not_touched_again(
    case: tuple[Object, Object, tuple[VolumeRule, ...]], data: st.DataObject
) -> None:
    decision = patch_volume(*case, "west")
    seen = as_served(decision, data)
    after = merged(seen, adopt_volume(decision, seen, None, "west").patch or {})
    assert differences(decision.pv, after) == []
    assert "stale" not in json.dumps(after)
    assert adopt_volume(decision, after, None, "west").patch is None


@EVERY
@given(cases(), st.data())
def test_p2_a_volume_that_differs_anywhere_is_never_bound(
    case: tuple[Object, Object, tuple[VolumeRule, ...]], data: st.DataObject
) -> None:
    decision = patch_volume(*case, "west")
    seen = as_served(decision, data)
    path = data.draw(st.sampled_from(list(texts_in(decision.pv["spec"]))))
    place = seen["spec"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += "-other"
    with pytest.raises(Conflict):
        adopt_volume(decision, seen, None, "west")
