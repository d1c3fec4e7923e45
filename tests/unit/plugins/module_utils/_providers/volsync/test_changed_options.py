# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that were changed in the plan hold from the next protect on, for what is replicated already too."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.double import DESTINATION, SOURCE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    World,
    enabled,
    world,
)

OF_SOURCE = {"copy_method": "Clone", "snapshot_class": "fast", "mover_service_account": "mover"}
OF_DESTINATION = {"service_type": "ClusterIP", "service_annotations": {"example.org/pool": "replication"}}


def mover(made: World, site: str, kind: str) -> dict[str, Any]:
    return dict(made.item(site, kind)["spec"]["rsyncTLS"])


def protect(made: World, **options: Any) -> bool:
    made.group.options.update(options)
    return bool(made.fresh().enable(made.group, "east", "west"))


def test_the_movers_are_as_the_plan_has_them_now() -> None:
    made = enabled(world(volumes=1))
    assert protect(made, secret={"name": "new-key"}, **OF_SOURCE, **OF_DESTINATION) is True
    assert mover(made, "east", SOURCE) == {
        "address": "west-disk-0",
        "keySecret": "new-key",
        "copyMethod": "Clone",
        "volumeSnapshotClassName": "fast",
        "moverServiceAccount": "mover",
    }
    for site in ("east", "west"):
        assert mover(made, site, DESTINATION) == {
            "keySecret": "new-key",
            "copyMethod": "Direct",
            "destinationPVC": "disk-0",
            "serviceType": "ClusterIP",
            "serviceAnnotations": {"example.org/pool": "replication"},
            "moverServiceAccount": "mover",
        }
    assert protect(made) is False


@pytest.mark.parametrize(
    ("option", "field", "site", "kind"),
    [
        ("snapshot_class", "volumeSnapshotClassName", "east", SOURCE),
        ("mover_service_account", "moverServiceAccount", "west", DESTINATION),
        ("service_annotations", "serviceAnnotations", "west", DESTINATION),
    ],
)
def test_an_option_that_is_gone_is_taken_back(option: str, field: str, site: str, kind: str) -> None:
    made = enabled(world(volumes=1, **OF_SOURCE, **OF_DESTINATION))
    assert field in mover(made, site, kind)
    del made.group.options[option]
    assert protect(made) is True
    assert field not in mover(made, site, kind)


def test_an_annotation_that_is_gone_does_not_stay_beside_the_others() -> None:
    made = enabled(world(volumes=1, service_annotations={"example.org/pool": "old", "example.org/zone": "1"}))
    assert protect(made, service_annotations={"example.org/pool": "new"}) is True
    assert mover(made, "west", DESTINATION)["serviceAnnotations"] == {"example.org/pool": "new"}
