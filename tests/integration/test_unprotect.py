# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `protect` made is taken back at both sites, and nothing else."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.integration.captures import backups
from ansible_collections.ocpvirt.dr.tests.integration.unprotecting import BY_HAND, LABEL, WORKLOAD, Unprotected
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must, refused
from demo.workload import NAMESPACE, not_ready

NEWER = (
    "ObjectNewer",
    "ObjectChanged",
    "DiskAdded",
    "DiskMoved",
    "DiskResized",
    "CaptureTooOld",
    "NamespaceNotCaptured",
)


def test_p8_every_object_is_as_before_protect(unprotected: Unprotected) -> None:
    assert unprotected.after.objects == unprotected.before.objects
    # else there would have been nothing to take back
    before = unprotected.before.objects
    assert {key for key, item in unprotected.protected.objects.items() if item != before.get(key)} > {
        "PersistentVolume/pv-db-0",
        "PersistentVolumeClaim/db-0",
        "VirtualMachine/db-0",
        "Secret/cloud-init",
        "Service/web",
        f"Deployment/{WORKLOAD}",
        f"ConfigMap/{WORKLOAD}",
        "Schedule/payroll-east",
    }


def test_p8_a_label_that_a_person_wrote_stays_and_is_named(unprotected: Unprotected) -> None:
    assert unprotected.after.objects[f"ConfigMap/{BY_HAND}"]["labels"] == {LABEL: "true"}
    assert f"ConfigMap/payroll/{BY_HAND} at east" in unprotected.played.output


def test_captures_stay_unless_they_are_asked_to_go(unprotected: Unprotected) -> None:
    assert unprotected.protected.captures
    assert unprotected.after.captures == unprotected.protected.captures


def test_p9_check_mode_writes_nothing_and_prints_the_same_decisions(unprotected: Unprotected) -> None:
    assert unprotected.after_check == unprotected.protected
    for words in (
        "group payroll at west: replication ends, the data stays",
        "PersistentVolume/pv-db-0 at east: reclaim policy Retain becomes Delete again",
        "Schedule/velero/payroll-east: deleted at east",
    ):
        assert words in unprotected.checked.output
        assert words in unprotected.played.output


def test_p5_unprotecting_twice_changes_nothing(unprotected: Unprotected) -> None:
    assert unprotected.again.changed == 0
    assert unprotected.after_again == unprotected.after


def test_p8_vms_go_on_and_both_sites_keep_their_data(unprotected: Unprotected) -> None:
    world = unprotected.world
    assert not_ready(world.cluster("east"), world.running) == []
    for site, records in unprotected.records.items():
        assert [name for name in world.running if not records.get(name, {}).get("last_n")] == [], site


def test_captures_go_at_both_sites_when_they_are_asked_to(unprotected: Unprotected) -> None:
    assert unprotected.captures_left == {"east": [], "west": []}


def test_protect_again_captures_and_replicates_again(protected: World) -> None:
    assert len(backups(protected.cluster("east"))) == 1
    played = must(protected.check())
    # right after a capture nothing is newer than it
    assert not [code for code in NEWER if code in played.output], played.output[-3000:]


def test_check_says_what_is_newer_than_the_capture_and_that_it_is_too_old(protected: World) -> None:
    """One Secret is changed and given back; the other plan is the same, but for the age that it allows."""
    east = protected.cluster("east")
    document = protected.changed_plan()
    document["metadata"]["max_age"] = "1s"
    before = east.get("Secret", "cloud-init", NAMESPACE)["data"]
    east.patch("Secret", "cloud-init", NAMESPACE, {"stringData": {"userdata": "#cloud-config\nhostname: other\n"}})
    try:
        played = protected.check(protected.write_plan("impatient", document))
    finally:
        east.patch("Secret", "cloud-init", NAMESPACE, {"data": before})
    refused(played, "CaptureTooOld", "allowed are 1s", "ObjectChanged", "Secret/payroll/cloud-init")
