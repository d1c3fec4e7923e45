# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider nfs over the replication API of the lab's servers: what only it can meet, beside the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, NotFound
from ansible_collections.ocpvirt.dr.tests.integration.rigs.kept import KeptRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs import NfsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.cluster import wait_until
from demo.lab import Lab

NOTICED_WITHIN = 60


@pytest.fixture
def rig(lab: Lab) -> Iterator[NfsRig]:
    kept = KeptRig(lambda: NfsRig(lab))
    try:
        yield kept.fresh()
    finally:
        kept.remove()


def test_p1_two_primaries_are_named_and_end_only_by_a_resync(rig: NfsRig) -> None:
    rig.cut()
    provider, group = rig.without_answer("east")
    provider.promote(group, "west", forced=True)
    rig.join()
    assert roles(rig) == ("primary", "primary")
    with pytest.raises(DrError, match="primary"):
        rig.provider.final_sync(rig.group, "east", "west")
    rig.provider.demote(rig.group, "east")

    def unnoticed() -> list[str]:
        seen = status(rig, "east")
        return [] if seen.health == "diverged" else [f"{seen.health} {seen.message}"]

    wait_until("east to see that the copies diverged", NOTICED_WITHIN, unnoticed)
    with pytest.raises(DrError, match=r"diverged|resync"):
        rig.provider.promote(rig.group, "east", forced=False)
    rig.provider.resync(rig.group, "east")
    assert (status(rig, "east").health, roles(rig)) == ("healthy", ("secondary", "primary"))


def test_an_export_that_a_server_does_not_have_is_named_and_none_is_made(rig: NfsRig) -> None:
    absent = replace(rig.group, name="absent", options={**rig.group.options, "export": "absent"})
    assert "export absent" in rig.provider.observe(absent, "west").message
    for verb in (
        lambda: rig.provider.demote(absent, "east"),
        lambda: rig.provider.final_sync(absent, "east", "west"),
        lambda: rig.provider.promote(absent, "west", forced=True),
        lambda: rig.provider.resync(absent, "west"),
    ):
        with pytest.raises(NotFound, match="export absent at site"):
            verb()
    assert rig.provider.observe(absent, "west").role == "unknown"
    assert roles(rig) == ("primary", "secondary")
