# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an approval approves, and how a difference from it reads."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.run.picture import (
    Picture,
    check_form,
    differences,
    differing_parts,
    take_picture,
)

World = dict[str, Any]


def world() -> World:
    vm = {
        "metadata": {"namespace": "payroll", "name": "db-0", "labels": {"tier": "db"}},
        "spec": {"runStrategy": "Always", "template": {"spec": {"domain": {}}}, "dataVolumeTemplates": []},
        "status": {"created": True},
    }
    secret = {"metadata": {"namespace": "payroll", "name": "login"}, "data": {"password": "c2VjcmV0"}}
    pv = {"metadata": {"name": "pv-db-0"}, "spec": {"nfs": {"server": "192.0.2.10"}, "claimRef": {"uid": "1"}}}
    return {
        "decisions": {"operation": "relocate", "group payroll at west": "secondary, incoming"},
        "plan": {"name": "payroll", "startup": {"max_starting": 8, "waves": [{"name": "all"}]}},
        "vm": vm,
        "secret": secret,
        "pv": pv,
    }


def picture(seen: World) -> Picture:
    kinds = {"vm": "VirtualMachine", "secret": "Secret", "pv": "PersistentVolume", "more": "Secret"}
    objects = [(kind, seen[name]) for name, kind in kinds.items() if name in seen]
    return take_picture(seen["decisions"], seen["plan"], objects)


def changed(change: Callable[[World], Any]) -> Picture:
    other = copy.deepcopy(world())
    change(other)
    return picture(other)


CHANGES: dict[str, tuple[Callable[[World], Any], str, str]] = {
    "another role": (
        lambda w: w["decisions"].update({"group payroll at west": "primary, none"}),
        "group payroll at west was secondary, incoming and is primary, none",
        "the decisions",
    ),
    "a decision more": (
        lambda w: w["decisions"].update(dr_accept_loss="2h"),
        "dr_accept_loss is new: 2h",
        "the decisions",
    ),
    "a value of the plan": (
        lambda w: w["plan"]["startup"].update(max_starting=40),
        "plan: startup.max_starting was 8 and is 40",
        "the plan",
    ),
    "a wave less": (
        lambda w: w["plan"]["startup"].update(waves=[]),
        'plan: startup.waves is new: []; plan: startup.waves[0].name was "all" and is not there any more',
        "the plan",
    ),
    "a machine": (
        lambda w: w["vm"]["spec"]["template"]["spec"].update(domain={"cpu": {"cores": 8}}),
        "VirtualMachine/payroll/db-0 was changed: spec.template",
        "the protected objects",
    ),
    "its power": (
        lambda w: (w["vm"]["spec"].update(runStrategy="Halted"), w["vm"].pop("status")),
        "VirtualMachine/payroll/db-0 was Always, running and is Halted, off",
        "the protected objects",
    ),
    "a secret": (
        lambda w: w["secret"]["data"].update(password="bmV3"),
        "Secret/payroll/login was changed: data",
        "the protected objects",
    ),
    "an object less": (lambda w: w.pop("pv"), "PersistentVolume/pv-db-0 was removed", "the protected objects"),
    "an object more": (
        lambda w: w.update(more={"metadata": {"namespace": "payroll", "name": "key"}, "data": {}}),
        "Secret/payroll/key is new",
        "the protected objects",
    ),
}


@pytest.mark.parametrize(("change", "words", "part"), CHANGES.values(), ids=CHANGES.keys())
def test_a_drift_is_told_by_its_object_or_by_its_part(change: Callable[[World], Any], words: str, part: str) -> None:
    approved, now = picture(world()), changed(change)
    assert "; ".join(differences(approved, now)) == words
    assert differing_parts(approved.fingerprint, now) == [part]


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w["vm"]["metadata"].update(resourceVersion="7", annotations={"kubevirt.io/latest-observed": "v1"}),
        lambda w: w["vm"]["status"].update(printableStatus="Running"),
        lambda w: w["pv"].update(status={"phase": "Bound"}),
        lambda w: w["pv"]["spec"]["claimRef"].update(uid="2"),
    ],
)
def test_what_controllers_write_is_no_drift(change: Callable[[World], Any]) -> None:
    assert changed(change).fingerprint == picture(world()).fingerprint


def test_a_picture_is_the_same_after_it_was_kept_as_json_and_holds_no_secret() -> None:
    seen = picture(world())
    kept = json.dumps(seen.as_dict())
    again = Picture(**json.loads(kept))
    assert (again, again.fingerprint) == (seen, seen.fingerprint)
    assert "c2VjcmV0" not in kept


@pytest.mark.parametrize("text", ["f00d", "a" * 64, f"{'a' * 32}-{'b' * 32}", f"{'G' * 32}-{'b' * 32}-{'c' * 32}"])
def test_p10_what_is_no_fingerprint_is_refused_with_where_to_get_one(text: str) -> None:
    with pytest.raises(Refused, match="without dr_fingerprint; it shows the fingerprint"):
        check_form(text)


def test_a_fingerprint_has_the_form_that_is_asked_for() -> None:
    check_form(picture(world()).fingerprint)
    check_form("")
