# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module from its arguments to its answer, on VolSync's double: what it pauses, and what check mode says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations import entry
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import groups as of_groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import session as of_session
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.check_store import CheckStore
from ansible_collections.ocpvirt.dr.plugins.modules import replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    World,
    enabled,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON

RUN_ID = "payroll-reprotect-west-20260301120000-abcd"


class Module:
    """Called as Ansible does it, for a run towards west."""

    def __init__(self, made: World, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.made = made
        self._patch, self._capture = patch, capture
        plan, api = made.plan, made.apis["west"]
        run = Run(RUN_ID, plan.name, "reprotect", "east", "west", "f00d", NOON.isoformat())
        for store in (RunStore(api, plan.store_namespace), CheckStore()):  # type: ignore[arg-type]
            store.put_head(run.id, plan.name, run.as_dict())
            store.put(run.id, plan.name, "quiesce", {"proven_off": True, "site": "east", "left": []})
        PlanLock(api, plan.store_namespace, plan.name).take(run.id, run.attempt)  # type: ignore[arg-type]

    def __call__(self, state: str, site: str = "west", check: bool = False) -> dict[str, Any]:
        given = {"plan": self.made.plan.document, "run_id": RUN_ID, "site": site, "state": state}
        arguments = {"ANSIBLE_MODULE_ARGS": {**given, "_ansible_check_mode": check}}
        self._patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
        self._patch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        self._capture.readouterr()
        with pytest.raises(SystemExit):
            replication.main()
        answer: dict[str, Any] = json.loads(self._capture.readouterr().out)
        return answer

    def told_and_done(self, state: str, site: str = "west") -> tuple[Any, Any]:
        """What check mode says, and what the run does then."""
        before = [list(api.writes) for api in self.made.apis.values()]
        told = _shown(self(state, site, check=True))
        assert [api.writes for api in self.made.apis.values()] == before
        return told, _shown(self(state, site))


def _shown(answer: dict[str, Any]) -> Any:
    return answer["changed"], answer["switched"], answer["decisions"]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Module:
    monkeypatch.setenv("OCPVIRT_DR_PROGRESS_DIR", str(tmp_path / "progress"))
    made = enabled(world())
    for at in (of_session, of_groups):
        monkeypatch.setattr(at, "open_site", lambda _plan, site: made.apis[site])
    monkeypatch.setattr(entry, "end_with_parent", lambda: None)
    return Module(made, monkeypatch, capsys)


def paused(made: World) -> set[bool]:
    """What west's copies are."""
    return {
        bool(item["spec"].get("paused"))
        for (kind, _space, _name), item in made.apis["west"].objects.items()
        if kind == "ReplicationDestination"
    }


def test_replication_is_paused_and_resumed_once(module: Module) -> None:
    assert _shown(module("paused")) == (True, 1, ["payroll: paused at west"])
    assert paused(module.made) == {True}
    assert _shown(module("paused")) == (False, 0, [])
    assert _shown(module("resumed")) == (True, 1, ["payroll: resumed at west"])
    assert paused(module.made) == {False}
    assert _shown(module("resumed")) == (False, 0, [])


@pytest.mark.parametrize("state", ["paused", "resumed"])
def test_p9_check_mode_says_what_is_paused_and_resumed_and_what_is_already(module: Module, state: str) -> None:
    module({"paused": "resumed", "resumed": "paused"}[state])
    for expected in (True, False):
        told, done = module.told_and_done(state)
        assert told == done
        assert done[0] is expected


def test_p9_check_mode_says_that_what_follows_needs_no_resync(module: Module) -> None:
    made = module.made
    made.provider.demote(made.group, "east")
    made.wait()
    assert made.provider.final_sync(made.group, "east", "west").holds
    made.provider.promote(made.group, "west", forced=False)
    made.wait()
    told, done = module.told_and_done("resynced", "east")
    assert told == done == (False, 0, [])


def test_p9_check_mode_says_that_a_copy_which_would_be_demoted_first_is_resynchronised(module: Module) -> None:
    made = module.made
    made.provider.promote(made.group, "west", forced=True)
    made.wait()
    assert _shown(module("resynced", "east", check=True)) == (True, 1, ["payroll: resynced at east"])


def test_p10_a_verb_that_a_product_has_not_is_refused_in_check_mode_too(module: Module) -> None:
    module.made.plan.document["replication"] = {"provider": "csi_addons", "options": {"class": "mirrored"}}
    for check in (True, False):
        answer = module("paused", check=check)
        assert answer["failed"]
        assert "provider csi_addons cannot do this" in answer["msg"]
