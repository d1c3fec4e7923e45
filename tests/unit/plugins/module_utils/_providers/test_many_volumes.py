# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb does with each volume of a group does not grow with the number of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.listing import Unit as ReplicatedUnit
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.custom.status import Unit as DescribedUnit
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import custom_world

VOLUMES = 8


BOTH = pytest.mark.parametrize(
    ("make", "unit"), [(world, ReplicatedUnit), (custom_world, DescribedUnit)], ids=["csi_addons", "custom"]
)


@BOTH
def test_a_promotion_compares_no_volume_with_another(
    make: Callable[[int], World], unit: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = enabled(make(VOLUMES))
    made.provider.demote(made.group, "east")
    made.wait()
    compared = count_comparisons(unit, monkeypatch)
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert compared == []


@BOTH
def test_a_resync_after_two_primaries_compares_no_volume_with_another(
    make: Callable[[int], World], unit: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = enabled(make(VOLUMES))
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    compared = count_comparisons(unit, monkeypatch)
    assert made.provider.resync(made.group, "east") is True
    assert compared == []


def count_comparisons(unit: type[Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The keys of what is compared from now on."""
    compared: list[Any] = []
    monkeypatch.setattr(unit, "__eq__", lambda mine, other: compared.append(mine.key) or mine is other)
    return compared
