# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of an API server in memory: it restarts, refuses, loses an answer, or somebody else is faster."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

RESTARTING = [
    Unreachable("GET", site="east", seen="connection refused"),
    Failed("GET", site="east", seen="busy", status=429),
    Failed("GET", site="east", seen="etcd has no leader", status=500),
]


def refuse_patches(api: MemoryApi, times: int) -> None:
    """The object has changed since it was looked at."""
    patch, left = api.patch, [Conflict("PATCH", site=api.site, seen="the object has been modified", status=409)] * times

    def busy(*arguments: Any) -> Any:
        if left:
            raise left.pop()
        return patch(*arguments)

    api.patch = busy  # type: ignore[method-assign]


def repeat_creations(api: MemoryApi) -> None:
    """It restarts under a POST: repeated, that is told that the object exists."""
    create = api.create

    def twice(kind: Kind, body: dict[str, Any], **named: Any) -> dict[str, Any]:
        create(kind, body, **named)
        return create(kind, body, **named)

    api.create = twice  # type: ignore[method-assign]


def create_before_us(api: MemoryApi) -> None:
    """Somebody else makes each object of that name, without our marks."""
    create = api.create

    def too_late(kind: Kind, body: dict[str, Any], **named: Any) -> dict[str, Any]:
        theirs = {"name": body["metadata"]["name"], "namespace": body["metadata"]["namespace"]}
        create(kind, {**body, "metadata": theirs})
        return create(kind, body, **named)

    api.create = too_late  # type: ignore[method-assign]


def give_no_answer(api: MemoryApi, seen: str) -> None:
    """To what lists."""

    def without_answer(*_arguments: Any, **_named: Any) -> Any:
        raise Unreachable("GET", site=api.site, seen=seen)

    api.list = without_answer  # type: ignore[method-assign]
