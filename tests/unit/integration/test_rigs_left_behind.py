# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig of the integration tests has made goes, also where making or removing it fails on the way."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC, VOLUME_REPLICATION, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.provider import CsiAddonsProvider
from ansible_collections.ocpvirt.dr.tests.integration.rigs import claimed_volumes
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE, ClaimedVolumesRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.kept import KeptRig
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


class BindingApi(MemoryApi):
    """Claims are bound at once."""

    refused = ""

    def create(self, kind: Kind, body: dict[str, Any], strict: bool = False) -> dict[str, Any]:
        if kind.kind == self.refused:
            raise Failed("POST", site=self.site, on=kind.kind, seen="refused")
        more = {"PersistentVolumeClaim": {"phase": "Bound"}, "Namespace": {"phase": "Active"}}.get(kind.kind)
        return super().create(kind, {**body, **({"status": more} if more else {})}, strict)


class OneStorage:
    def provision(self, *_given: Any) -> None:
        """It has every volume."""

    def storage_class(self, _facts: Any) -> str:
        return "csi"

    def source(self, _facts: Any, volume: str) -> dict[str, Any]:
        return {"csi": {"driver": "csi.example.com", "volumeHandle": volume}}


class OneLab:
    def environment(self) -> dict[str, Any]:
        return {"sites": {site: {"kubeconfig": f"/nowhere/{site}"} for site in ("east", "west")}}

    def run(self, *words: str) -> None:
        if words == ("heal",):
            raise TimeoutError("the lab does not answer")


class TriedRig(ClaimedVolumesRig):
    provider_type = CsiAddonsProvider
    made = ((VOLUME_REPLICATION, SPACE),)
    steps: list[str]
    fails = ""

    def options(self) -> dict[str, Any]:
        return {}

    def options_at(self, site: str) -> dict[str, Any]:
        return {}

    def _prepare(self) -> None:
        self._ends.callback(self.steps.append, "the product has ended")

    def _begin(self) -> None:
        if self.fails == "begin":
            raise TimeoutError("the product has not begun")

    def _end(self, site: str, kind: Kind, namespace: str | None) -> None:
        if self.fails == f"end {site}":
            raise TimeoutError("the product holds its objects")

    def _remove_data(self, site: str) -> None:
        self.steps.append(f"data of {site}")


@pytest.fixture
def apis(monkeypatch: pytest.MonkeyPatch) -> dict[str, BindingApi]:
    found = {site: BindingApi(site) for site in ("east", "west")}
    monkeypatch.setattr(claimed_volumes, "open_site", lambda _plan, site: found[site])
    monkeypatch.setattr(TriedRig, "steps", [], raising=False)
    return found


def made() -> TriedRig:
    return TriedRig(OneLab(), OneStorage())  # type: ignore[arg-type]


def volumes(apis: dict[str, BindingApi]) -> list[str]:
    return [f"{kind.kind} at {site}" for site, api in apis.items() for kind in (PV, PVC) if api.list(kind)]


GONE = ["data of east", "data of west", "the product has ended"]


def gone(apis: dict[str, BindingApi]) -> None:
    assert volumes(apis) == []
    assert sorted(TriedRig.steps) == GONE
    assert TriedRig.steps[-1] == GONE[-1]


def test_claims_of_one_site_go_where_those_of_the_other_could_not_be_made(apis: dict[str, BindingApi]) -> None:
    apis["west"].refused = "PersistentVolumeClaim"
    with pytest.raises(Failed, match="refused"):
        made()
    gone(apis)


def test_claims_go_where_the_product_did_not_begin(
    apis: dict[str, BindingApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TriedRig, "fails", "begin")
    with pytest.raises(TimeoutError, match="has not begun"):
        made()
    gone(apis)


@pytest.mark.parametrize("site", ["east", "west"])
def test_claims_go_where_the_product_does_not_let_its_objects_go(
    apis: dict[str, BindingApi], monkeypatch: pytest.MonkeyPatch, site: str
) -> None:
    rig = made()
    monkeypatch.setattr(TriedRig, "fails", f"end {site}")
    with pytest.raises(TimeoutError, match="holds its objects"):
        rig.remove()
    gone(apis)


def test_a_kept_rig_goes_where_its_sites_could_not_be_joined(
    apis: dict[str, BindingApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: Any) -> None:
        raise TimeoutError("not enabled")

    monkeypatch.setattr(CsiAddonsProvider, "enable", fail)
    kept = KeptRig(made)
    with pytest.raises(TimeoutError, match="not enabled"):
        kept.fresh()
    assert len(volumes(apis)) == 4
    with pytest.raises(TimeoutError, match="the lab does not answer"):
        kept.remove()
    gone(apis)
