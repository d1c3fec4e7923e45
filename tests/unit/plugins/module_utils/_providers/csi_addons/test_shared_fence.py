# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plans that failed over from one site, fenced by the same addresses at the survivor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NETWORK_FENCE
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.test_fence import (
    CIDRS,
    FENCED,
    OPTIONS,
    UNFENCED,
    answer,
    fences,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    provider_of,
    world,
)

GIVEN_UP = {"metadata": {"annotations": {"dr.ocpvirt.io/given-up": "true"}}}


class Both:
    """Plans payroll and invoices, both fenced."""

    def __init__(self, cidrs_of_invoices: Sequence[str] = tuple(CIDRS)) -> None:
        self.made: World = world(**OPTIONS)
        document: dict[str, Any] = self.made.plan.document | {"name": "invoices"}
        options = {**document["replication"]["options"], "sites": {"east": {"fence": {"cidrs": [*cidrs_of_invoices]}}}}
        other = parse_plan({**document, "replication": {**document["replication"], "options": options}})
        self._plans = {
            "payroll": (self.made.provider, self.made.group),
            "invoices": (provider_of(other, self.made.apis), other.groups[0]),
        }
        for name in self._plans:
            self.fence(name)

    def fence(self, name: str) -> None:
        provider, group = self._plans[name]
        answer(self.made, FENCED)
        provider.fence(group, "west", "east")

    def unfence(self, name: str) -> bool:
        provider, group = self._plans[name]
        answer(self.made, UNFENCED)
        return provider.unfence(group, "west", "east")

    def fences(self) -> dict[str, dict[str, Any]]:
        """By the name of the plan."""
        return {name.partition("-")[0]: item for name, item in fences(self.made).items()}

    def give_up(self, name: str) -> None:
        self.made.apis["west"].patch(NETWORK_FENCE, self.fences()[name]["metadata"]["name"], None, GIVEN_UP)


def test_the_last_plan_to_go_back_lets_the_site_in() -> None:
    both = Both()
    with pytest.raises(Refused, match="stay fenced for plan invoices"):
        both.unfence("payroll")
    assert both.unfence("invoices") is True
    assert both.fences() == {}
    assert both.unfence("payroll") is False


def test_p8_the_fence_of_a_plan_holds_while_another_one_goes_back() -> None:
    both = Both()
    with pytest.raises(Refused):
        both.unfence("payroll")
    (left,) = both.fences().values()
    assert left["metadata"]["labels"] == {"dr.ocpvirt.io/replicates-plan": "invoices"}
    assert left["spec"]["fenceState"] == "Fenced"


def test_p8_a_part_of_the_addresses_that_another_plan_has_fenced_stays_fenced() -> None:
    both = Both(cidrs_of_invoices=["192.0.2.7/32"])
    with pytest.raises(Refused, match="stay fenced for plan invoices"):
        both.unfence("payroll")


def test_p10_who_is_refused_is_told_whose_way_back_is_missing() -> None:
    both = Both()
    with pytest.raises(Refused) as refused:
        both.unfence("payroll")
    assert f"plan invoices: {both.fences()['invoices']['metadata']['name']}" in str(refused.value.seen)
    assert "reprotect the other plan" in str(refused.value.next_step)


def test_p5_two_plans_that_go_back_at_once_do_not_leave_it_to_each_other() -> None:
    """Both have said so, and neither has looked yet."""
    both = Both()
    both.give_up("payroll")
    assert both.unfence("invoices") is True
    assert both.unfence("payroll") is True
    assert both.fences() == {}


def test_p8_a_plan_says_that_it_does_not_need_its_fence_before_it_looks_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = Both()
    api = both.made.apis["west"]
    listed: Callable[..., Any] = api.list
    said: list[bool] = []

    def noted(kind: Any, *args: Any, **named: Any) -> Any:
        said.append("annotations" in both.fences()["payroll"]["metadata"])
        return listed(kind, *args, **named)

    monkeypatch.setattr(api, "list", noted)
    with pytest.raises(Refused):
        both.unfence("payroll")
    assert said[-1] is True


def test_p1_a_fence_that_was_given_up_is_none_and_made_anew() -> None:
    """Killed before it was deleted; the other plan has let the site in since."""
    both = Both()
    both.give_up("payroll")
    both.unfence("invoices")
    answer(both.made, FENCED, after=7)
    began = both.made.time.seconds
    both.made.provider.fence(both.made.group, "west", "east")
    assert both.made.time.seconds - began >= 7
    assert "annotations" not in both.fences()["payroll"]["metadata"]
