"""Which backup a failover restores from, and what becomes of backups that must not be used."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.integration.captures import STUCK, Decided, LastMinutes
from ansible_collections.ocpvirt.dr.tests.integration.world import VELERO, refused
from demo.playbook import Played


def test_check_without_any_backup_says_how_to_get_one(first_check: Played) -> None:
    refused(first_check, "NoCapture", "no complete capture: none known there", "run protect, which takes one")


def test_protect_names_a_pending_claim_and_marks_the_backup_incomplete(bereft: LastMinutes) -> None:
    refused(bereft.protect, f"PersistentVolumeClaim/payroll/{STUCK}", "Pending", bereft.incomplete)
    assert STUCK in bereft.mark


def test_a_backup_that_the_target_does_not_know_yet_is_waited_for_and_chosen(decided: Decided) -> None:
    bereft = decided.bereft
    assert bereft.unknown_at_west
    assert f"{bereft.complete} of" in decided.played.output
    assert f"with {len(bereft.world.vms)} VMs" in decided.played.output


def test_newer_backups_that_are_not_complete_are_passed_over(decided: Decided) -> None:
    """Velero itself ended the second as PartiallyFailed, since a hook failed in a pod."""
    bereft, output = decided.bereft, decided.played.output
    for name in (bereft.incomplete, bereft.partially_failed):
        assert name > bereft.complete
        assert f'"on": "Backup/{VELERO}/{name}"' in output
    assert "phase PartiallyFailed" in output
    assert f"PersistentVolumeClaim/payroll/{STUCK}: it was Pending when the capture was taken" in output


def test_a_plan_that_was_never_captured_is_not_failed_over(decided: Decided) -> None:
    words = ("choose a capture", "captures of east", "seen: none", "without a capture nothing can be restored")
    refused(decided.never_captured, *words)
