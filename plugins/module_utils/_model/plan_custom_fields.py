# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`options` of provider custom: a product with one custom resource per claim or per group, described in the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .expression import check_expression
from .filled_text import places_of
from .plan_collections import Field, Keys, Names, OneOrMore
from .plan_free_form import FreeForm
from .plan_problem import Path, suggest
from .plan_schema import INVALID, Choice, Duration, Flag, Node, Reading, Text, matching

PROVIDER = "custom"
# places of every text; unique: another word in each call
PLACES = ("plan", "group", "site", "peer", "unique")
PLACES_OF_CLAIM = ("claim.namespace", "claim.name", "pv.name")
# of `create` alone: primary or secondary
ROLE = "role"
VALUES = "values."

_API_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_VALUE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

EXPRESSION = Text(check_expression, "a JMESPath expression")
_API = Text(matching(_API_NAME, "not a name of the Kubernetes API"), "a name of the Kubernetes API")


class Filled:
    """A value of plain data whose texts have places."""

    def __init__(self, node: Node, *places: str) -> None:
        self._node = node
        self._places = places

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        found = self._node.read(value, at, reading)
        for where, text in _texts(found, at):
            for place in places_of(text):
                if place not in self._places and not place.startswith(VALUES):
                    allowed = [f"{{{name}}}" for name in (*self._places, f"{VALUES}NAME")]
                    reading.problem(where, f"unknown place {{{place}}}{suggest(place, self._places)}", allowed)
        return found


class Body:
    """Of an object or of a merge patch. Marks are written with it, so its metadata has to take them."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        found = FreeForm().read(value, at, reading)
        metadata = found.get("metadata", {}) if isinstance(found, Mapping) else {}
        if not isinstance(metadata, Mapping):
            return reading.wrong_type((*at, "metadata"), value["metadata"], "a mapping")
        for name in ("labels", "annotations"):
            if not isinstance(metadata.get(name, {}), Mapping):
                return reading.wrong_type((*at, "metadata", name), metadata[name], "a mapping")
        return found


def _fields(places: tuple[str, ...]) -> dict[str, Field]:
    body = Filled(Body(), *places)
    steps = OneOrMore(
        Keys(
            {
                "patch": Field(body),
                "when": Field(EXPRESSION),
                "done": Field(EXPRESSION),
                "failed": Field(EXPRESSION),
                "timeout": Field(Duration()),
            }
        )
    )
    resource = {
        "group": Field(_API, required=True),
        "version": Field(_API, required=True),
        "kind": Field(_API, required=True),
        "plural": Field(_API, required=True),
        "namespaced": Field(Flag(), default=True),
    }
    status = ("role", "current", "health", "direction", "last_sync", "message", "terminal", "proof")
    verbs = ("promote", "demote", "force", "final_sync", "resync", "pause", "resume")
    return {
        "resource": Field(Keys(resource), required=True),
        "per": Field(Choice("volume", "group"), default="volume"),
        "name": Field(Filled(Text(), *places), required=True),
        "namespace": Field(Filled(Text(), *places)),
        "covers": Field(EXPRESSION, required=True),
        "create": Field(Filled(Body(), *places, ROLE)),
        "status": Field(Keys({name: Field(EXPRESSION, required=name == "role") for name in status}), required=True),
        "verbs": Field(
            Keys({name: Field(steps, required=name in ("promote", "demote")) for name in verbs}), required=True
        ),
        "values": Field(
            Names(Text(), matching(_VALUE_NAME, "not a name of a-z, 0-9 and '_'"), "names to texts"), default={}
        ),
        "timeout": Field(Duration(), default="10m"),
    }


FIELDS = {"volume": _fields((*PLACES, *PLACES_OF_CLAIM)), "group": _fields(PLACES)}


def read_description(options: Mapping[str, Any], origins: Mapping[str, Path], reading: Reading) -> dict[str, Any]:
    """The options of a group at one site, normalised. origins: where in the plan each key stands."""
    fields = FIELDS["group" if options.get("per") == "group" else "volume"]
    above = next((path[:-1] for path in origins.values()), ("replication", "options"))
    for key in options:
        if key not in fields:
            reading.problem(origins[key], f"unknown key{suggest(key, fields)}", fields)
    found = {}
    for name, field in fields.items():
        if name in options:
            found[name] = field.node.read(options[name], origins[name], reading)
        elif field.required:
            reading.problem((*above, name), f"is required by provider {PROVIDER}")
        elif name in ("per", "values", "timeout"):
            found[name] = field.node.read(field.default, (*above, name), reading)
    _check_namespace(found, above, reading)
    _check_created(found, origins, reading)
    _check_values(options, origins, reading)
    return found


def check_described(plan: dict[str, Any], _at: Path, reading: Reading) -> None:
    """Every group that provider custom replicates, as it is at each site; each problem once."""
    replication = plan.get("replication")
    if not isinstance(replication, Mapping):
        return
    groups = replication.get("groups", [{}])
    seen = Reading(reading.sites)
    for index, group in enumerate(groups if isinstance(groups, list) else []):
        if not isinstance(group, Mapping) or group.get("provider", replication.get("provider")) != PROVIDER:
            continue
        inherited = replication.get("provider") == PROVIDER
        sections: list[tuple[Path, Any]] = [
            (("replication", "options"), replication.get("options", {}) if inherited else {})
        ]
        sections.append((("replication", "groups", index, "options"), group.get("options", {})))
        for site in reading.sites:
            read_description(*_at_site(sections, site), seen)
    reading.problems += [item for item in dict.fromkeys(seen.problems) if item not in reading.problems]


def _at_site(sections: list[tuple[Path, Any]], site: str) -> tuple[dict[str, Any], dict[str, Path]]:
    """The options that hold there, and where each stands: the group's over the plan's, a site's over both."""
    options: dict[str, Any] = {}
    origins: dict[str, Path] = {}
    found = [(at, section) for at, section in sections if isinstance(section, Mapping)]
    layers: list[tuple[Path, Mapping[str, Any]]] = [
        (at, {key: item for key, item in section.items() if key != "sites"}) for at, section in found
    ]
    for at, section in found:
        of_sites = section.get("sites", {})
        of_site = of_sites.get(site, {}) if isinstance(of_sites, Mapping) else {}
        layers.append(((*at, "sites", site), of_site if isinstance(of_site, Mapping) else {}))
    for at, layer in layers:
        options |= layer
        origins |= {key: (*at, key) for key in layer}
    return options, origins


def _check_namespace(found: Mapping[str, Any], above: Path, reading: Reading) -> None:
    resource = found.get("resource")
    if not isinstance(resource, Mapping) or resource.get("namespaced") not in (True, False):
        return
    if not resource["namespaced"] and "namespace" in found:
        kind = resource.get("kind", INVALID)
        whose = "it" if kind is INVALID else kind
        reading.problem((*above, "namespace"), f"{whose} has none: resource.namespaced is false")
    if resource["namespaced"] and found.get("per") == "group" and "namespace" not in found:
        reading.problem((*above, "namespace"), "is required: an object per group has no claim to take it from")


def _check_created(found: Mapping[str, Any], origins: Mapping[str, Path], reading: Reading) -> None:
    """It is one of the resource; what says otherwise was meant for another."""
    resource, body = found.get("resource"), found.get("create")
    if not isinstance(resource, Mapping) or not isinstance(body, Mapping) or INVALID in resource.values():
        return
    of_resource = {"apiVersion": f"{resource['group']}/{resource['version']}", "kind": resource["kind"]}
    for name, wanted in of_resource.items():
        if body.get(name, wanted) != wanted:
            reading.problem((*origins["create"], name), f"is not the resource's, {wanted}; may be left out")


def _check_values(options: Mapping[str, Any], origins: Mapping[str, Path], reading: Reading) -> None:
    """Every `{values.NAME}` has a value at each site."""
    values = options.get("values", {})
    values = values if isinstance(values, Mapping) else {}
    for name in ("name", "namespace", "create", "verbs"):
        for where, text in _texts(options.get(name), origins.get(name, (name,))):
            for place in places_of(text):
                if place.startswith(VALUES) and place.removeprefix(VALUES) not in values:
                    reading.problem(
                        where, f"{{{place}}} has no value at every site", [f"values.{key}" for key in values]
                    )


def _texts(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    if value is INVALID:
        return
    if isinstance(value, str):
        yield at, value
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _texts(item, (*at, key))
