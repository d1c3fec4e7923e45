# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between Ansible's values and ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.plugin_utils._native import answering, native


class Text(str):
    """As the strings of Ansible, which are subclasses."""

    __slots__ = ()


class Number(int):
    pass


def types_in(value: Any) -> set[type]:
    if isinstance(value, dict):
        return {type(value)}.union(*(types_in(item) for pair in value.items() for item in pair))
    if isinstance(value, list):
        return {type(value)}.union(*(types_in(item) for item in value))
    return {type(value)}


def test_what_an_operation_gets_has_plain_types_only() -> None:
    given = {Text("a"): [Text("b"), Number(1), 2.5, True, None, (Text("c"),)], "d": wrap_var("e")}
    found = native(given, "x")
    assert found == {"a": ["b", 1, 2.5, True, None, ["c"]], "d": "e"}
    assert types_in(found) == {dict, list, str, int, float, bool, type(None)}


def test_a_time_that_yaml_made_of_a_text_is_a_text_again() -> None:
    assert native(datetime(2026, 1, 1, tzinfo=UTC), "x") == "2026-01-01T00:00:00+00:00"


def test_what_is_no_plain_data_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="x: got a value of type object, wanted plain data"):
        native({"a": [object()]}, "x")


@pytest.mark.parametrize("kind", [Refused, Conflict])
def test_p10_an_error_keeps_its_whole_text(kind: type[Refused]) -> None:
    def call(_given: Any) -> None:
        raise kind("patch the volume", on="PersistentVolume/pv-1", seen="a", wanted="b", next_step="c")

    with pytest.raises(AnsibleFilterError) as error:
        answering(call, "ocpvirt.dr.x")({})
    wanted = "ocpvirt.dr.x: patch the volume on PersistentVolume/pv-1; seen: a; wanted: b; next: c"
    assert wanted in str(error.value)
    assert isinstance(error.value.__cause__, kind)


def test_named_arguments_arrive_plain_as_well() -> None:
    found = answering(lambda given, **named: [type(given), {key: type(item) for key, item in named.items()}], "x")
    assert found(Text("a"), plan=Text("b")) == [str, {"plan": str}]
