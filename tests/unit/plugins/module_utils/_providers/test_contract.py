# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every provider of the registry without a product: capabilities, refusals, deadlines, documentation."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities, Provider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

DOCS = Path(__file__).parents[5] / "docs"
# capability to the verbs that it promises, with arguments of a call
VERBS = {
    "final_sync": {"final_sync": ("east", "west")},
    "pause": {"pause": ("west",), "resume": ("west",)},
    "clones": {"clone": ("west", "rehearsal", ()), "unclone": ("west", "rehearsal")},
    "fencing": {"fence": ("west", "east"), "unfence": ("west", "east")},
}
PROMISES = [(name, capability, verb) for name in PROVIDERS for capability, verbs in VERBS.items() for verb in verbs]
NOT_PROMISED = [item for item in PROMISES if not PROVIDERS[item[0]]().capabilities.as_dict()[item[1]]]
# whose failover the site itself may forbid
ASK_FIRST = {name for name in PROVIDERS if PROVIDERS[name]().check_forceable is not Provider.check_forceable}
GROUP = Group("payroll", LabelSelector())


def no_site() -> Api:
    raise Unreachable("connect", seen="there is no cluster here")


def provider(name: str) -> Provider:
    plan = plan_of()
    return PROVIDERS[name]()({site: SiteHandle(site, plan, no_site) for site in plan.sites})


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_is_registered_under_its_name(name: str) -> None:
    assert PROVIDERS[name]().name == name


@pytest.mark.parametrize(("name", "capability", "verb"), PROMISES)
def test_a_verb_is_there_exactly_when_its_capability_is_promised(name: str, capability: str, verb: str) -> None:
    own = getattr(PROVIDERS[name](), verb) is not getattr(Provider, verb)
    assert own is PROVIDERS[name]().capabilities.as_dict()[capability]


@pytest.mark.parametrize(("name", "capability", "verb"), NOT_PROMISED)
def test_a_verb_that_is_not_promised_is_refused_with_a_remedy(name: str, capability: str, verb: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        getattr(provider(name), verb)(GROUP, *VERBS[capability][verb])
    assert refusal.value.next_step


@pytest.mark.parametrize("name", [name for name in PROVIDERS if PROVIDERS[name]().capabilities.atomic_switch])
def test_p3_a_switch_in_one_action_is_proven(name: str) -> None:
    """Its target is primary before anybody looks: without a proof nothing could be started there."""
    assert PROVIDERS[name]().capabilities.final_sync


@pytest.mark.parametrize("name", sorted(PROVIDERS.keys() - ASK_FIRST))
def test_a_failover_is_refused_exactly_where_nothing_can_be_promoted_by_force(name: str) -> None:
    made = provider(name)
    if made.capabilities.force:
        made.check_forceable([GROUP], "west")
        return
    with pytest.raises(Unsupported) as refusal:
        made.check_forceable([GROUP], "west")
    assert refusal.value.next_step


@pytest.mark.parametrize("name", sorted(ASK_FIRST))
def test_only_a_product_that_can_force_is_asked_whether_it_would(name: str) -> None:
    """What it lets pass and what not, each shows on its own double: test_movable."""
    assert PROVIDERS[name]().capabilities.force
    with pytest.raises((Refused, Unreachable)):
        provider(name).check_forceable([GROUP], "west")


@pytest.mark.parametrize("name", PROVIDERS)
def test_force_is_never_implied(name: str) -> None:
    forced = inspect.signature(PROVIDERS[name]().promote).parameters["forced"]
    assert forced.default is inspect.Parameter.empty


def test_the_capability_table_is_what_the_code_says() -> None:
    page = (DOCS / "providers.md").read_text(encoding="utf-8")
    lines = page.split("<!-- capabilities")[1].split("<!-- end of capabilities")[0].splitlines()
    header, rows = lines[1], [line.strip("| ").split(" | ") for line in lines[3:]]
    assert header.strip("| ").split(" | ") == ["provider", *Capabilities().as_dict()]
    said = {row[0].split("]")[0].strip("["): [cell == "yes" for cell in row[1:]] for row in rows}
    assert said == {name: list(item().capabilities.as_dict().values()) for name, item in PROVIDERS.items()}
