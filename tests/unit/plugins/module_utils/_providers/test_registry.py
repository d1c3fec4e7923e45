# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers import registry
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.product_stand_in import register
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """site to the products that it shows; a site that is not in it does not answer."""
    sites: dict[str, set[str]] = {}

    def product(name: str) -> SimpleNamespace:
        def detect(_group: object, site: SimpleNamespace) -> str:
            if site.name not in sites:
                raise Unreachable("list", site=site.name)
            return f"{name} is there" if name in sites[site.name] else ""

        return SimpleNamespace(name=name, detect=detect)

    monkeypatch.setattr(registry, "PROVIDERS", {})
    for name in ("one", "two"):
        register(monkeypatch, name, product(name))
    return sites


def chosen(provider: str | None = None) -> str:
    plan = plan_of(replication={"provider": provider} if provider else {})
    sites = [SiteHandle(name, plan, partial(MemoryApi, name)) for name in plan.sites]  # type: ignore[arg-type]
    return registry.provider_class(plan.groups[0], registry.detection(sites)).name


def test_the_provider_that_the_plan_names_is_taken_without_a_question(shown: dict[str, set[str]]) -> None:
    assert chosen("two") == "two"


def test_an_unknown_provider_is_refused_with_those_there_are(shown: dict[str, set[str]]) -> None:
    with pytest.raises(Unsupported, match="wanted: one of: one, two"):
        chosen("three")


def test_p4_the_site_that_answers_shows_the_provider(shown: dict[str, set[str]]) -> None:
    shown["west"] = {"two"}
    assert chosen() == "two"


@pytest.mark.parametrize(("at_east", "said"), [(set(), "none"), ({"one", "two"}, "one is there.*two is there")])
def test_none_or_several_products_are_refused_with_what_was_seen(shown, at_east, said) -> None:
    shown["east"] = shown["west"] = at_east
    with pytest.raises(Refused, match=said):
        chosen()


def test_p10_the_next_step_is_to_name_the_provider_in_the_plan(shown: dict[str, set[str]]) -> None:
    with pytest.raises(Refused) as refused:
        chosen()
    assert "replication: {provider: NAME}" in str(refused.value.next_step)
    assert "one, two" in str(refused.value.next_step)


def test_only_the_provider_that_is_named_is_imported() -> None:
    """Each import costs each module its time, twenty times in a move."""
    package = registry.__name__.rpartition(".")[0]
    asked = f"import sys; from {package} import registry; registry.PROVIDERS['nfs'](); print(*sys.modules)"
    environment = {"PYTHONPATH": str(Path(__file__).parents[5] / "build/collections")}
    loaded = subprocess.run([sys.executable, "-c", asked], env=environment, check=True, capture_output=True, text=True)
    products = {name.removeprefix(f"{package}.").split(".")[0] for name in loaded.stdout.split() if package in name}
    assert products & registry.PROVIDERS.keys() == {"nfs"}
