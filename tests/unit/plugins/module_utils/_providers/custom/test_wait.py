# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a wait for a described product, and what it says then."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import TerminalState, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, enabled
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import (
    custom_world,
    described,
)


@pytest.fixture
def replicating() -> World:
    return enabled(custom_world())


def test_the_operator_being_down_ends_a_wait_with_the_last_state(replicating: World) -> None:
    replicating.apis["east"].stopped = True
    with pytest.raises(Timeout, match="the product has not looked at it since it was changed"):
        replicating.provider.demote(replicating.group, "east")


def test_a_failure_that_is_terminal_ends_a_wait_at_once() -> None:
    made = custom_world(volumes=1)
    made.storage.broken = "enable"
    with pytest.raises(TerminalState, match="mirroring is not enabled on the pool"):
        made.provider.enable(made.group, "east", "west")
    assert made.time.seconds < 10


def test_a_verbs_own_failure_ends_its_wait() -> None:
    failed = "status.conditions[?reason == 'FailedToDemote'] && 'it is in use' || null"
    demote = {"patch": {"spec": {"replicationState": "secondary"}}, "failed": failed}
    made = enabled(custom_world(verbs={**described()["verbs"], "demote": demote}))
    made.storage.broken = "demote"
    with pytest.raises(TerminalState, match="it is in use"):
        made.provider.demote(made.group, "east")


def test_an_object_that_is_deleted_under_a_verb_ends_it(replicating: World) -> None:
    api = replicating.apis["east"]
    api.stopped = True
    gone = ("VolumeReplication", "payroll", "disk-0")
    replicating.time.at(replicating.time.seconds + 1, lambda: api.objects.pop(gone))
    with pytest.raises(TerminalState, match="it was deleted"):
        replicating.provider.demote(replicating.group, "east")
