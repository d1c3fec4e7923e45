# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says of its product, as it holds for one group at one site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._cluster.kinds import Kind
from ..._errors import Refused
from ..._model.duration import parse_duration
from ..._model.filled_text import fill
from ..._model.plan import Group
from ..._model.plan_custom_fields import read_description
from ..._model.plan_schema import Reading

Verb = str


@dataclass(frozen=True)
class Step:
    """patch, when, done, failed: as the plan has them; done and failed may be left to the status. timeout: seconds."""

    path: str
    patch: Mapping[str, Any]
    when: str
    done: str
    failed: str
    timeout: float


@dataclass(frozen=True)
class Description:
    kind: Kind
    per_group: bool
    name: str
    namespace: str
    covers: str
    create: Mapping[str, Any] | None
    status: Mapping[str, str]
    verbs: Mapping[Verb, tuple[Step, ...]]
    values: Mapping[str, str]
    timeout: float

    def key(self, places: Mapping[str, str]) -> tuple[str, str]:
        """Namespace, which is empty for what has none, and name of the object."""
        return fill(self.namespace, places), fill(self.name, places)

    def steps(self, verb: Verb) -> tuple[Step, ...]:
        return self.verbs.get(verb, ())

    def waiting(self, path: str) -> Step:
        """A step that asks for nothing, and is over when the status says so."""
        return Step(path, {}, "", "", "", self.timeout)


def description_of(group: Group, site: str) -> Description:
    options = group.options_at(site)
    reading = Reading()
    at = ("replication", "options")
    found = read_description(options, {key: (*at, key) for key in options}, reading)
    if reading.problems:
        raise Refused(
            "read the product's description",
            site=site,
            on=f"group {group.name}",
            seen="; ".join(str(problem) for problem in reading.problems[:5]),
            next_step="correct the options in the plan; docs/providers/custom.md describes them",
        )
    return _described(found)


def _described(found: Mapping[str, Any]) -> Description:
    timeout = parse_duration(found["timeout"]).total_seconds()
    namespace = "{claim.namespace}" if found["resource"]["namespaced"] else ""
    return Description(
        kind=Kind(**found["resource"]),
        per_group=found["per"] == "group",
        name=found["name"],
        namespace=found.get("namespace", namespace),
        covers=found["covers"],
        create=found.get("create"),
        status=found["status"],
        verbs={
            verb: tuple(_step(f"verbs.{verb}[{index}]", step, timeout) for index, step in enumerate(steps))
            for verb, steps in found["verbs"].items()
        },
        values=found["values"],
        timeout=timeout,
    )


def _step(path: str, found: Mapping[str, Any], timeout: float) -> Step:
    own = parse_duration(found["timeout"]).total_seconds() if "timeout" in found else timeout
    texts = {name: found.get(name, "") for name in ("when", "done", "failed")}
    return Step(path, found.get("patch", {}), timeout=own, **texts)
