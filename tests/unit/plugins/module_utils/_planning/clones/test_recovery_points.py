# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recovery point is gone on with, which clones are too many, and which stand for the volumes of a capture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.clone import Clone, CloneFacts
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.choice import choose_clones, recovery_points
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.recovery_points import (
    choose_point,
    leftovers,
    surplus,
    whole_sets,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.sets import CloneSet, sets_of

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DISKS = ("db-0", "db-0-data")


def clone(claim: str, day: int, finished: bool = True, members: tuple[str, ...] = DISKS, **meta: Any) -> Clone:
    point, owner = f"day{day}", f"VirtualMachine/payroll/{members[0]}"
    labels = {
        "dr.ocpvirt.io/recovery-point": point,
        "dr.ocpvirt.io/recovery-point-of-plan": "payroll",
        "protected.dr.ocpvirt.io/payroll": str(finished).lower(),
    }
    facts = CloneFacts(claim, owner, members, f"2026-03-0{day}T12:00:00Z", "crash")
    metadata = {
        "name": f"{claim}-{point}",
        "namespace": "payroll",
        "labels": labels,
        "annotations": {"dr.ocpvirt.io/clone": facts.as_annotation()},
        "creationTimestamp": f"2026-03-0{day}T12:00:00Z",
        **meta,
    }
    return Clone("payroll", point, facts, {"metadata": metadata, "spec": {"volumeName": f"pv-{claim}-{point}"}})


def both(day: int) -> list[Clone]:
    return [clone(claim, day) for claim in DISKS]


def names(clones: list[Clone]) -> list[str]:
    return sorted(item.name for item in clones)


def test_a_new_point_is_begun_when_all_is_finished() -> None:
    assert choose_point("", [], both(4), NOW).name == "20260304t120000z"


def test_one_that_was_begun_lately_is_gone_on_with() -> None:
    begun = [clone("db-0", 4, finished=False)]
    found = choose_point("", [], begun, NOW + timedelta(minutes=59))
    assert (found.name, found.resumed) == ("day4", True)


def test_one_of_an_hour_ago_is_not() -> None:
    begun = [clone("db-0", 4, finished=False)]
    assert choose_point("", [], begun, NOW + timedelta(minutes=61)).name == "20260304t130100z"


def test_a_snapshot_alone_says_that_a_point_was_begun() -> None:
    meta = {"labels": {"dr.ocpvirt.io/recovery-point": "b"}, "creationTimestamp": "2026-03-04T12:00:00Z"}
    assert choose_point("", [{"metadata": meta}], both(3), NOW).name == "b"


def test_the_name_that_was_asked_for_is_taken() -> None:
    assert choose_point("mine", [], [clone("db-0", 4, finished=False)], NOW).name == "mine"


def test_a_clone_on_its_way_out_begins_nothing() -> None:
    removed = clone("db-0", 4, finished=False)
    removed.pvc["metadata"]["annotations"]["dr.ocpvirt.io/clone-removed"] = "true"
    deleted = clone("db-0-data", 4, finished=False, deletionTimestamp="2026-03-04T12:00:00Z")
    assert choose_point("", [], [removed, deleted], NOW).resumed is False
    assert names(leftovers([removed, deleted])) == ["db-0-day4"]


def test_a_set_is_whole_with_all_of_its_members() -> None:
    assert list(whole_sets([*both(1), clone("db-0", 2)])) == [("VirtualMachine/payroll/db-0", "day1")]


@pytest.mark.parametrize(("keep", "gone"), [(1, {1, 2}), (2, {1}), (3, set()), (4, set())])
def test_the_newest_sets_are_kept(keep: int, gone: set[int]) -> None:
    clones = [item for day in (3, 1, 2) for item in both(day)]
    assert names(surplus(clones, keep)) == sorted(f"{claim}-day{day}" for day in gone for claim in DISKS)


def test_a_set_that_is_about_to_be_made_counts() -> None:
    clones = [*both(1), *both(2)]
    owner = "VirtualMachine/payroll/db-0"
    assert names(surplus(clones, 2, [owner])) == ["db-0-data-day1", "db-0-day1"]


def test_sets_of_other_vms_do_not_count() -> None:
    clones = [*both(1), *(clone("app", day, members=("app",)) for day in (2, 3))]
    assert surplus(clones, 1) == [clones[2]]


def test_a_broken_set_pushes_no_whole_one_out_and_goes_when_it_is_old() -> None:
    clones = [clone("db-0", 1), *both(2), clone("db-0", 3)]
    assert names(surplus(clones, 1)) == ["db-0-day1"]


def test_leftovers_are_what_nobody_finished_but_for_the_point_that_is_made() -> None:
    clones = [clone("db-0", 1, finished=False), clone("db-0", 2, finished=False), *both(3)]
    assert names(leftovers(clones, "day2")) == ["db-0-day1"]


def captured(*clones: Clone, disks: tuple[str, ...] = DISKS) -> Capture:
    volumes = [{"name": disk, "persistentVolumeClaim": {"claimName": disk}} for disk in disks]
    vm = {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {"template": {"spec": {"volumes": volumes}}}}
    sources = [{"metadata": {"name": disk, "namespace": "payroll"}, "spec": {}} for disk in disks]
    claims = [*sources, *(item.pvc for item in clones)]
    return Capture("backup-1", {"virtualmachines.kubevirt.io": [vm], "persistentvolumeclaims": claims})


def test_a_capture_finds_the_newest_clone_for_each_volume() -> None:
    found = choose_clones("payroll", captured(*both(1), *both(2)))
    assert (found.name, found.taken, found.missing) == ("day2", "2026-03-02T12:00:00Z", ())
    assert {key: item.name for key, item in found.clones.items()} == {
        "payroll/db-0": "db-0-day2",
        "payroll/db-0-data": "db-0-data-day2",
    }


def test_an_older_recovery_point_is_found_by_its_name() -> None:
    assert choose_clones("payroll", captured(*both(1), *both(2)), "day1").name == "day1"


def test_a_volume_that_the_recovery_point_lacks_is_named() -> None:
    found = choose_clones("payroll", captured(*both(1), disks=(*DISKS, "later")))
    assert found.missing == ("payroll/later",)


def test_half_a_set_is_no_clone_of_a_vm() -> None:
    assert recovery_points("payroll", captured(clone("db-0", 1))) == []


def test_clones_of_another_plan_are_not_looked_at() -> None:
    assert recovery_points("other", captured(*both(1))) == []


@pytest.mark.parametrize(("point", "seen"), [("", "no clone"), ("day9", "no clone")])
def test_p10_without_one_it_is_refused_with_what_there_is(point: str, seen: str) -> None:
    with pytest.raises(Refused, match=seen):
        choose_clones("payroll", captured(), point)
    with pytest.raises(Refused, match="seen: day2, day1; wanted: day9"):
        choose_clones("payroll", captured(*both(1), *both(2)), "day9")


def test_the_state_of_a_vm_is_of_the_moment_of_its_disks() -> None:
    volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": "db-0"}}]
    vm = {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {"template": {"spec": {"volumes": volumes}}}}
    state = {"metadata": {"labels": {"persistent-state-for": "db-0"}}}
    claims = {"payroll/db-0": {"metadata": {}}, "payroll/tpm": state, "payroll/other": {"metadata": {}}}
    assert sets_of({"payroll/db-0": vm}, claims) == [
        CloneSet("payroll", "db-0", ("db-0", "tpm")),
        CloneSet("payroll", "", ("other",)),
    ]
