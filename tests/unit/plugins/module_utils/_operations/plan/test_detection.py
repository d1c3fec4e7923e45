# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.capture.metadata_source import source_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import groups as groups_module
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.groups import Groups
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PROTECTED = protected_label("payroll")
RBD = {"driver": "rbd.csi.ceph.com", "volumeHandle": "h", "volumeAttributes": {"pool": "rbd", "imageName": "vol-1"}}
MANY = 50


def claim(api: MemoryApi, name: str, spec: dict[str, Any], labels: dict[str, str] | None = None) -> None:
    meta = {"name": name, "namespace": "payroll", "labels": labels or {}}
    api.create(PVC, {"apiVersion": "v1", "kind": "PVC", "metadata": meta, "spec": {"volumeName": f"pv-{name}"}})
    spec = {**spec, "claimRef": {"namespace": "payroll", "name": name}}
    protected = {"name": f"pv-{name}", "labels": labels or {}}
    api.create(PV, {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": protected, "spec": spec})


def nfs_of(name: str) -> dict[str, Any]:
    return {"nfs": {"server": "192.0.2.10", "path": f"/e/{name}"}}


class Narrow(MemoryApi):
    """All but PVs and PVCs is refused, served or not."""

    def list(self, kind: Any, *args: Any, **more: Any) -> Any:
        if kind not in (PV, PVC):
            raise Failed("GET", site=self.site, on=kind.kind, seen="forbidden", status=403)
        return super().list(kind, *args, **more)


class Counted(MemoryApi):
    def __init__(self, site: str) -> None:
        super().__init__(site)
        self.asked: Counter[str] = Counter()

    def list(self, kind: Any, *args: Any, **more: Any) -> Any:
        self.asked[kind.kind] += 1
        return super().list(kind, *args, **more)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Groups]:
    def groups(east: MemoryApi | None, west: MemoryApi | None = None, **plan: Any) -> Groups:
        sites = {"east": east, "west": west or MemoryApi("west")}

        def open_site(_plan: Any, site: str) -> MemoryApi:
            if (found := sites[site]) is None:
                raise Unreachable("connect", site=site, seen="timed out")
            return found

        monkeypatch.setattr(groups_module, "open_site", open_site)
        return Groups(plan_of(**plan))

    return groups


def provider_of(groups: Groups) -> str:
    return groups.provider(groups.plan.groups[0]).name


def test_p4_a_plan_that_names_no_provider_fails_over_from_a_dead_source(opened: Any, tmp_path: Path) -> None:
    """The target has no claims before the failover has made them; its captures hold them."""
    metadata = {"source": "export", "export": {"directory": str(tmp_path)}}
    east = MemoryApi("east")
    east.create(NAMESPACE, {"metadata": {"name": "payroll"}})
    claim(east, "disk", nfs_of("disk"), {PROTECTED: "true"})
    source_of(plan_of(metadata=metadata)).capture(east, 5)
    assert provider_of(opened(None, metadata=metadata)) == "nfs"


def test_a_site_that_lives_is_not_asked_for_captures(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    east = MemoryApi("east")
    claim(east, "disk", nfs_of("disk"))
    monkeypatch.setattr(groups_module, "captured_volumes", lambda *_: pytest.fail("a capture was read"))
    assert provider_of(opened(east)) == "nfs"


def test_a_claim_that_the_plan_does_not_protect_hides_no_provider(opened: Any) -> None:
    east = MemoryApi("east")
    claim(east, "disk", nfs_of("disk"), {PROTECTED: "true"})
    claim(east, "scratch", {"hostPath": {"path": "/tmp"}})
    assert provider_of(opened(east)) == "nfs"


@pytest.fixture
def narrow() -> Narrow:
    east = Narrow("east")
    claim(east, "disk", {"csi": RBD})
    return east


def test_an_account_with_the_rights_of_one_provider_detects_it(opened: Any, narrow: Narrow) -> None:
    """docs/providers/ceph_rbd.md grants list of PVs and PVCs alone."""
    sites = {name: {"command": ["ssh", name]} for name in ("east", "west")}
    assert provider_of(opened(narrow, Narrow("west"), replication={"options": {"sites": sites}})) == "ceph_rbd"


def test_p10_what_could_not_be_looked_for_is_named_where_nothing_is_found(opened: Any, narrow: Narrow) -> None:
    with pytest.raises(Refused, match=r"east: none; csi_addons cannot be looked for .*VolumeReplicationClass.*403"):
        provider_of(opened(narrow, Narrow("west")))


def test_detection_of_many_groups_lists_each_kind_once(opened: Any) -> None:
    east = Counted("east")
    for number in range(MANY):
        claim(east, f"disk-{number}", nfs_of(str(number)), {"g": str(number)})
    listed = [{"name": f"g-{n}", "selector": {"matchLabels": {"g": str(n)}}} for n in range(MANY)]
    groups = opened(east, replication={"groups": listed})
    assert {groups.provider(group).name for group in groups.plan.groups} == {"nfs"}
    assert set(east.asked.values()) == {1}


def test_a_group_that_nothing_shows_hinders_no_other(opened: Any) -> None:
    east = MemoryApi("east")
    claim(east, "disk", nfs_of("disk"), {"g": "one"})
    listed = [{"name": name, "selector": {"matchLabels": {"g": name}}} for name in ("one", "two")]
    groups = opened(east, replication={"groups": listed})
    assert provider_of(groups) == "nfs"
    with pytest.raises(Refused, match="group two"):
        groups.provider(groups.plan.groups[1])
