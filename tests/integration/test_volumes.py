"""Volumes that can't be moved as they are, disks that can't be opened, and objects that are nobody's business."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.captures import Decided
from ansible_collections.ocpvirt.dr.tests.integration.killed_run import KilledRun
from ansible_collections.ocpvirt.dr.tests.integration.leftovers import LeftBehind
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    BYSTANDER,
    World,
    assert_as_it_must_be,
    must,
    refused,
)
from demo.cluster import Cluster, wait_until
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready

RECLAIM_POLICY = "dr.ocpvirt.io/reclaim-policy"
NO_RULE = "no rule of 1 matches"


def test_check_refuses_volumes_that_are_deleted_with_their_claims(first_check: Played) -> None:
    refused(first_check, "ReclaimPolicy", "PersistentVolume/pv-db-0", "Delete: a deleted claim takes its data along")
    assert '"remedy": "run protect"' in first_check.output


def test_protect_mends_the_reclaim_policy_and_keeps_the_old_one(protected: World) -> None:
    east = protected.cluster("east")
    for vm in protected.vms:
        pv = east.get("PersistentVolume", f"pv-{vm.name}")
        assert pv["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
        assert pv["metadata"]["annotations"][RECLAIM_POLICY] == "Delete"


@pytest.fixture(scope="module")
def previewed(protected: World) -> Played:
    return protected.check(None, "-e", "dr_pv_patch_preview=payroll/db-*")


def test_check_passes_after_protect(previewed: Played) -> None:
    assert "the plan lives at east" in must(previewed).output


def test_check_shows_what_would_be_patched_of_the_chosen_volumes(previewed: Played, protected: World) -> None:
    east, west = (protected.sites[site]["nfs_server"] for site in ("east", "west"))
    assert f"nfs.server: {east} -> {west} (rule 0)" in previewed.output
    assert '"claim": "payroll/db-0"' in previewed.output
    assert '"there": "created"' in previewed.output
    assert '"claim": "payroll/web-0"' not in previewed.output


def test_p8_protect_writes_nothing_that_the_plan_does_not_select(protected: World) -> None:
    assert protected.bystander() == protected.bystander_before


@pytest.fixture(scope="module")
def narrow_plan(protected: World) -> World:
    """A plan file beside the right one, whose only rule leaves the disk of web-0 out."""
    document = protected.changed_plan()
    document["volumes"]["rules"][0]["match"]["nfs"]["path"] = ".*/payroll/(?P<volume>(?!web-0$)[^/]+)"
    protected.write_plan("narrow", document)
    return protected


def test_check_names_a_volume_that_no_rule_matches(narrow_plan: World) -> None:
    played = narrow_plan.check(narrow_plan.folder / "narrow.yml")
    refused(played, "VolumeRule", "PersistentVolume/pv-web-0", NO_RULE, "volumes.rules")
    assert "pv-web-1" not in played.output


def test_failover_creates_nothing_when_no_rule_matches_a_volume(decided: Decided, narrow_plan: World) -> None:
    west = decided.bereft.world.cluster("west")
    played = decided.bereft.world.failover(plan=narrow_plan.folder / "narrow.yml")
    refused(played, "PersistentVolume/pv-web-0", NO_RULE, "volumes.rules")
    assert west.list("PersistentVolume") == []
    assert NAMESPACE not in [item["metadata"]["name"] for item in west.list("Namespace")]


def test_a_disk_that_cannot_be_opened_is_reported_by_name_and_the_others_run(half_started: KilledRun) -> None:
    world = half_started.world
    played = world.failover()
    refused(played, f"1 of {len(world.running)} VMs and workloads did not start", f"payroll/{half_started.broken}")
    reason = f"disk of PVC {half_started.broken} (NFS {world.sites['west']['nfs_server']}:"
    assert reason in played.output
    others = [name for name in world.running if name != half_started.broken]
    wait_until("the other VMs", 30, lambda: not_ready(world.cluster("west"), others))


def test_p5_the_same_command_finishes_a_killed_run_once_the_disk_is_mended(half_started: KilledRun) -> None:
    half_started.mend()
    played = must(half_started.world.failover())
    # refused by the rules, killed, a VM not started, finished
    assert "attempt 4" in played.output
    assert_as_it_must_be(half_started.world)


def test_p8_failover_brings_nothing_that_the_plan_does_not_select(half_started: KilledRun) -> None:
    west: Cluster = half_started.world.cluster("west")
    for kind in ("VirtualMachine", "PersistentVolumeClaim", "Secret"):
        assert BYSTANDER not in [item["metadata"]["name"] for item in west.list(kind, NAMESPACE)]
    assert f"pv-{BYSTANDER}" not in [item["metadata"]["name"] for item in west.list("PersistentVolume")]


def test_p2_a_volume_with_other_data_is_refused_with_the_difference_and_nothing_is_written(
    left_behind: LeftBehind,
) -> None:
    west = left_behind.world.cluster("west")
    before = left_behind.versions()
    played = left_behind.world.failover()
    refused(
        played, f"PersistentVolume/{left_behind.other}", "nfs.path: wanted", "is '/somewhere/else'", "was not touched"
    )
    assert left_behind.versions() == before
    assert NAMESPACE not in [item["metadata"]["name"] for item in west.list("Namespace")]


def test_a_released_volume_is_bound_anew_to_the_claim_of_its_name(left_behind: LeftBehind, moved: World) -> None:
    west = moved.cluster("west")
    volume = west.get("PersistentVolume", left_behind.released)
    claim = west.get("PersistentVolumeClaim", volume["spec"]["claimRef"]["name"], NAMESPACE)
    assert volume["metadata"]["uid"] == left_behind.uid
    assert volume["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"] != left_behind.stale
    assert (volume["status"]["phase"], claim["status"]["phase"]) == ("Bound", "Bound")
