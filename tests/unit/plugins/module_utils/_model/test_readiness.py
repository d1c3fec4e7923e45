# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness as plans and annotations spell it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_readiness_fields import readiness_on
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

READINESS = "dr.ocpvirt.io/readiness"


def on_vm(annotation: Any, kind: str = "VirtualMachine") -> Any:
    text = annotation if isinstance(annotation, str) else json.dumps(annotation)
    return readiness_on(kind, {"annotations": {READINESS: text}}, f"{kind} payroll/db-0")


@pytest.mark.parametrize(
    ("readiness", "problem"),
    [
        ({"tcp": {}}, "startup.readiness.tcp.port: is required"),
        ({"tcp": {"port": 0}}, "startup.readiness.tcp.port: got the number 0, wanted 1 to 65535"),
        ({"tcp": True}, "startup.readiness.tcp: got the truth value true, wanted a mapping"),
        ({"tcp": {"port": 1, "timeout": "11s"}}, 'timeout: got the text "11s", wanted at most 10s'),
        ({"http": {"port": 1, "path": "healthz"}}, "not a path that begins with '/'"),
        ({"http": {"port": 1, "path": "/a b"}}, "not a path that begins with '/'"),
        ({"http": {"port": 1, "scheme": "ftp"}}, 'got the text "ftp"; allowed: http, https'),
        ({"http": {"port": 1, "status": {"from": 300, "to": 200}}}, "status.to: got 200, which is below from (300)"),
        ({"http": {"port": 1, "host": "a\r\nb"}}, "has control characters"),
        ({"hook": {"tasks": "t.yml", "timeout": "2h"}}, 'got the text "2h", wanted at most 1h'),
        ({"hook": 5}, "startup.readiness.hook: got the number 5, wanted the path of a task file"),
        ({"exec": ["pg_isready"]}, "startup.readiness.exec: unknown key"),
    ],
)
def test_what_is_wrong_with_readiness_in_a_plan_is_said_by_path(readiness: dict[str, Any], problem: str) -> None:
    with pytest.raises(PlanInvalid) as caught:
        plan_of(startup={"readiness": readiness})
    assert problem in str(caught.value)


def test_a_plan_with_readiness_is_read_back_as_an_equal_plan() -> None:
    plan = plan_of(
        startup={
            "readiness": {"http": {"port": 80}, "hook": "checks.yml"},
            "waves": [{"name": "rest", "readiness": {"http": False, "delay": "90s"}}],
        }
    )
    assert plan_of(**plan.document) == plan


def test_an_annotation_is_json_in_the_shape_of_the_plan() -> None:
    assert on_vm({"agent": False, "tcp": {"port": 22}}) == {"agent": False, "tcp": {"port": 22, "timeout": "2s"}}


@pytest.mark.parametrize(
    ("annotation", "seen"),
    [
        ("{agent: false}", "wanted JSON such as"),
        ("[" * 5_000, "wanted JSON such as"),
        ({"agnet": False}, "readiness.agnet: unknown key, did you mean agent?"),
        ([], "readiness: got a list, wanted a mapping"),
        ({"tcp": {"port": "22"}}, "readiness.tcp.port: got the text"),
    ],
)
def test_a_bad_annotation_is_refused_by_object_and_annotation(annotation: Any, seen: str) -> None:
    with pytest.raises(ValueError, match="VirtualMachine payroll/db-0") as caught:
        on_vm(annotation)
    assert READINESS in str(caught.value)
    assert seen in str(caught.value)


def test_an_annotation_never_names_tasks_for_the_controller() -> None:
    with pytest.raises(ValueError, match="hook: unknown key"):
        on_vm({"hook": "/tmp/evil.yml"})


def test_a_workload_has_no_guest_agent_to_wait_for() -> None:
    with pytest.raises(ValueError, match="agent: unknown key"):
        on_vm({"agent": True}, "Deployment")
