# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a clone, read back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.clone import CloneFacts, read_clone

FACTS = CloneFacts("db-0", "VirtualMachine/payroll/db-0", ("db-0", "db-0-data"), "2026-03-01T12:00:00Z", "frozen")
LABELS = {"dr.ocpvirt.io/recovery-point": "a", "dr.ocpvirt.io/recovery-point-of-plan": "payroll"}


def claim(labels: dict[str, str] | None = None, note: str = "", **more: Any) -> dict[str, Any]:
    annotations = {"dr.ocpvirt.io/clone": note or FACTS.as_annotation()}
    meta = {"name": "db-0-a", "namespace": "payroll", "labels": LABELS if labels is None else labels}
    return {"metadata": {**meta, "annotations": annotations}, "spec": {}, **more}


def test_what_was_written_is_read_back() -> None:
    found = read_clone(claim())
    assert found is not None
    assert (found.facts, found.plan, found.recovery_point) == (FACTS, "payroll", "a")
    assert (found.key, found.source) == ("payroll/db-0-a", "payroll/db-0")


@pytest.mark.parametrize(
    "pvc",
    [
        claim(labels={}),
        claim(labels={"dr.ocpvirt.io/recovery-point": "a"}),
        claim(note="not JSON"),
        claim(note="[]"),
        claim(note='{"claim": "db-0"}'),
        claim(note='{"members": 5}'),
    ],
)
def test_p8_what_we_did_not_write_is_no_clone(pvc: dict[str, Any]) -> None:
    assert read_clone(pvc) is None


@pytest.mark.parametrize(
    ("more", "bound"),
    [
        ({"status": {"phase": "Bound"}}, True),
        ({"status": {"phase": "Pending"}, "spec": {"volumeName": "pv"}}, False),
        ({"spec": {"volumeName": "pv"}}, True),
        ({}, False),
    ],
)
def test_a_captured_clone_is_bound_when_it_names_its_volume(more: dict[str, Any], bound: bool) -> None:
    found = read_clone(claim(**more))
    assert found is not None
    assert found.bound is bound


def test_only_the_plans_label_makes_it_finished() -> None:
    done = read_clone(claim(labels={**LABELS, "protected.dr.ocpvirt.io/payroll": "true"}))
    other = read_clone(claim(labels={**LABELS, "protected.dr.ocpvirt.io/other": "true"}))
    assert done is not None
    assert done.finished
    assert other is not None
    assert not other.finished
