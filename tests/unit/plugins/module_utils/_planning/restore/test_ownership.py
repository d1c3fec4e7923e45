# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.restore.ownership import adopted_mark, made_here
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.restore.stage_removal import why_volume_stays

LABELS = {"protected.dr.ocpvirt.io/payroll": "true"}
CREATED, ADOPTED = "dr.ocpvirt.io/created-by-run", "dr.ocpvirt.io/adopted"
OURS = "payroll-prestage-west-20260301120000-ab12"
OF_EAST = "payroll-failover-east-20260301120000-ab12"


def item(labels: dict[str, str] | None = None, **annotations: str) -> dict[str, Any]:
    return {"metadata": {"labels": LABELS if labels is None else labels, "annotations": annotations}}


def made(finalizers: tuple[str, ...] = (), policy: str = "Retain") -> dict[str, Any]:
    found = item(**{CREATED: OURS})
    found["metadata"]["finalizers"] = list(finalizers)
    return {**found, "spec": {"persistentVolumeReclaimPolicy": policy}}


@pytest.mark.parametrize(
    ("seen", "ours"),
    [
        (item(**{CREATED: OURS}), True),
        (item(), False),
        (item({}, **{CREATED: OURS}), False),
        (item(**{CREATED: OF_EAST}), False),
        (item(**{CREATED: OURS, ADOPTED: "true"}), False),
    ],
    ids=["ours", "nobody's", "not labelled", "came with a capture", "was there before"],
)
def test_p8_the_plan_made_only_what_a_run_to_that_site_created(seen: dict[str, Any], ours: bool) -> None:
    assert made_here(seen, "payroll", "west") is ours
    assert adopted_mark(seen, "payroll", "west") == ({} if ours else {ADOPTED: "true"})


@pytest.mark.parametrize(
    ("claim", "volume", "users", "needed_by", "why"),
    [
        (made(), made(), (), "", ""),
        (None, made(), (), "", ""),
        (made(("kubernetes.io/pvc-protection",)), made(("kubernetes.io/pv-protection",)), (), "", ""),
        (item(), made(), (), "", "no run of the plan made it there"),
        (made(), item(), (), "", "no run of the plan made it there"),
        (made(("replication.storage.openshift.io/pvc-protection",)), made(), (), "", "pvc-protection holds it"),
        (made(), made(), ("Pod/payroll/backup",), "", "Pod/payroll/backup uses it"),
        (made(), made(), (), "VolumeReplication/payroll/db", "VolumeReplication/payroll/db needs it"),
        (made(), made(policy="Delete"), (), "", "with its reclaim policy Delete its data would go too"),
    ],
)
def test_p8_a_claim_goes_only_with_nobody_who_needs_it_and_never_with_its_data(
    claim: Any, volume: Any, users: tuple[str, ...], needed_by: str, why: str
) -> None:
    found = why_volume_stays(claim, volume, "payroll", "west", users, needed_by)
    assert found == why or (why and found.endswith(why))
