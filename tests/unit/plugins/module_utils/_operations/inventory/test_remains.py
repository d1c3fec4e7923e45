# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC, VM, VOLUME_ATTACHMENT
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.remains import remains_at, seen_left
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (Unreachable("GET", site="east"), False),
        (Failed("GET", site="east", status=500), False),
        (Failed("GET", site="east", status=503), False),
        (Failed("GET", site="east", status=401), True),
        (Refused("GET", site="east", status=403), True),
    ],
)
def test_p1_a_source_that_could_not_be_looked_at_is_never_seen_to_be_off(
    monkeypatch: pytest.MonkeyPatch, error: DrError, answered: bool
) -> None:
    east = MemoryApi("east")
    there = Reach("east", "reachable", api=east)  # type: ignore[arg-type]
    assert seen_left(plan_of(), there) == []

    def look(*_given: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(east, "list", look)
    left = seen_left(plan_of(), there)
    assert left == ([f"what nobody could look for: {error}"] if answered else None)


@pytest.mark.parametrize(
    ("there", "left"),
    [
        (Reach("east", "unreachable", "timed out"), None),
        (Reach("east", "failed", "HTTP status 503"), None),
        (Reach("east", "failed", "HTTP status 401", refuses=True), ["what nobody could look for: HTTP status 401"]),
    ],
)
def test_p1_a_source_that_refuses_its_first_request_already_is_no_silent_one(
    there: Reach, left: list[str] | None
) -> None:
    assert seen_left(plan_of(), there) == left


def test_p8_a_volume_of_somebody_without_a_pv_is_not_that_of_a_claim_without_one() -> None:
    """A claim that waits for its first consumer, and a pod's inline volume of a driver that was migrated to CSI."""
    east = MemoryApi("east")
    volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": "db-0"}}]
    meta = {"name": "db-0", "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}}
    east.create(VM, {"metadata": meta, "spec": {"runStrategy": "Halted", "template": {"spec": {"volumes": volumes}}}})
    east.create(PVC, {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {}})
    source = {"inlineVolumeSpec": {"csi": {"driver": "csi.vsphere.vmware.com", "volumeHandle": "file://a.vmdk"}}}
    east.create(VOLUME_ATTACHMENT, {"metadata": {"name": "va"}, "spec": {"nodeName": "node-0", "source": source}})
    assert remains_at(plan_of(), east) == []  # type: ignore[arg-type]
