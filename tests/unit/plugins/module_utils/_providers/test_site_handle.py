# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes of a site belong to a group, and how many are looked at for that."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


def site_with(labels_by_claim: dict[str, dict[str, str]]) -> SiteHandle:
    api = MemoryApi("east")
    for name, labels in labels_by_claim.items():
        api.create(PVC, {"metadata": {"name": name, "namespace": "payroll", "labels": labels}, "spec": {}})
    return SiteHandle("east", plan_of(), lambda: api)


@pytest.mark.parametrize(
    ("selector", "claims"),
    [
        ({}, ["db-0", "db-1", "web-0", "plain"]),
        ({"matchLabels": {"app": "db"}}, ["db-0", "db-1"]),
        ({"matchLabels": {"app": "db", "disk": "data"}}, ["db-1"]),
        ({"matchLabels": {"app": "none", "disk": "data"}}, []),
        ({"matchExpressions": [{"key": "disk", "operator": "DoesNotExist"}]}, ["db-0", "plain"]),
        (
            {"matchLabels": {"app": "db"}, "matchExpressions": [{"key": "disk", "operator": "Exists"}]},
            ["db-1"],
        ),
    ],
)
def test_a_group_has_the_claims_that_all_of_its_selector_matches(selector: dict, claims: list[str]) -> None:
    site = site_with(
        {
            "db-0": {"app": "db"},
            "db-1": {"app": "db", "disk": "data"},
            "web-0": {"app": "web", "disk": "data"},
            "plain": {},
        }
    )
    found = site.candidates(Group("group", LabelSelector.parse(selector)))
    assert [item.claim for item in found] == [f"payroll/{name}" for name in claims]


@pytest.mark.parametrize("which", ["candidates", "expected"])
def test_many_groups_by_label_do_not_try_every_volume_each(monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    names = [f"db-{number}" for number in range(100)]
    site = site_with({name: {"vm": name} for name in names})
    site.expect(site.candidates(Group("all", LabelSelector())))
    tried: list[object] = []
    matches = LabelSelector.matches
    monkeypatch.setattr(LabelSelector, "matches", lambda self, item: tried.append(item) or matches(self, item))
    found = [getattr(site, which)(Group(name, LabelSelector({"vm": name}))) for name in names]
    assert [[item.claim for item in volumes] for volumes in found] == [[f"payroll/{name}"] for name in names]
    assert len(tried) == 100
