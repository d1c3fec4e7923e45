# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing an export back: kind by kind in order of dependency, by server-side apply, nobody else's objects touched."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._cluster.api import Api, Object, describe
from .._cluster.bulk import for_each
from .._cluster.clock import Deadline
from .._cluster.kinds import Kind
from .._errors import Conflict, DrError, NotFound, Timeout
from .._model.capture import Capture
from .._model.names import CREATED_BY, protected_label
from .export_form import cleaned
from .export_kinds import in_order, kind_of

# namespace, name
Key = tuple[str, str]

# filled in by a cluster's own means when they are not given
ASSIGNED_TO_SERVICE = ("clusterIPs", "ipFamilies", "healthCheckNodePort")
HOST_GENERATED = "openshift.io/host.generated"
# what a map holds is the owner's: what he took out of it goes
OWNED_MAPS = ("data", "binaryData")


@dataclass(frozen=True)
class Rules:
    """plan: whose label an object must carry to be updated. update: whether any may be."""

    plan: str
    run_id: str
    update: bool
    verify_lock: Callable[[], None]


def unserved(api: Api, capture: Capture, exclude: Sequence[str]) -> list[str]:
    """In words, the objects whose kind the site does not serve."""
    left_out = []
    for resource, items in _wanted(capture, exclude):
        kind = kind_of(resource, items[0])
        if not _serves(api, kind):
            names = ", ".join(sorted(str(item["metadata"]["name"]) for item in items)[:5])
            left_out.append(f"{kind.kind} {names} ({len(items)}) stays away: {api.site} does not serve {resource}")
    return left_out


def restore_objects(
    api: Api, capture: Capture, exclude: Sequence[str], deadline: Deadline, rules: Rules
) -> dict[str, int]:
    """Counts: items brought back, warnings for those that could not be or stay as they are."""
    items = warnings = 0

    def go_on() -> None:
        rules.verify_lock()
        if deadline.over:
            raise Timeout(
                "restore from the export",
                site=api.site,
                on=capture.name,
                seen=f"{items} objects are restored",
                wanted="all of them",
                waited=deadline.elapsed,
                next_step="start again with a longer metadata_timeout: what is there stays",
            )

    for resource, captured in _wanted(capture, exclude):
        kind = kind_of(resource, captured[0])
        seen = _existing(api, kind, captured)
        if seen is None:
            warnings += len(captured)
            continue
        writes = [item for item in captured if _may_write(api, kind, seen.get(_key(item)), rules)]
        warnings += len(captured) - len(writes)
        pairs = [(item, seen.get(_key(item))) for item in writes]
        outcome = for_each(pairs, partial(_write, api, kind, rules), before_batch=go_on)
        items += len(outcome.done)
        for (item, _seen), error in outcome.failed:
            raise _named(error, kind, item, len(outcome.failed))
    return {"items": items, "warnings": warnings, "errors": 0}


def restored_form(kind: Kind, item: Mapping[str, Any]) -> Object:
    """The object as it is brought to another cluster."""
    body = copy.deepcopy(cleaned(item))
    body.pop("status", None)
    spec = body.get("spec")
    if kind.kind == "Namespace":
        body.pop("spec", None)
    elif kind.kind == "Service" and isinstance(spec, dict):
        for field in ASSIGNED_TO_SERVICE:
            spec.pop(field, None)
        if spec.get("clusterIP") != "None":
            spec.pop("clusterIP", None)
        for port in spec.get("ports") or []:
            port.pop("nodePort", None)
    elif kind.kind == "Route" and isinstance(spec, dict):
        if (body["metadata"].get("annotations") or {}).get(HOST_GENERATED) == "true":
            spec.pop("host", None)
    elif kind.kind == "ServiceAccount":
        # tokens that the old cluster issued
        body.pop("secrets", None)
    return body


def _wanted(capture: Capture, exclude: Sequence[str]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    return [(resource, items) for resource, items in in_order(capture.objects) if resource not in exclude]


def _serves(api: Api, kind: Kind) -> bool:
    if not kind.group:
        return True
    try:
        found = api.raw(f"/apis/{kind.group}/{kind.version}")
    except NotFound:
        return False
    return kind.plural in {item["name"] for item in found["resources"]}


def _existing(api: Api, kind: Kind, items: Sequence[Mapping[str, Any]]) -> dict[Key, Object] | None:
    """What the site has of that kind in the namespaces of these objects; None when it does not serve the kind."""
    namespaces = sorted({str(item["metadata"]["namespace"]) for item in items}) if kind.namespaced else [None]
    try:
        return {_key(found): found for namespace in namespaces for found in api.list(kind, namespace)}
    except NotFound:
        return None


def _may_write(api: Api, kind: Kind, seen: Mapping[str, Any] | None, rules: Rules) -> bool:
    if seen is None:
        return True
    meta = seen["metadata"]
    if (meta.get("labels") or {}).get(protected_label(rules.plan)) != "true" or not rules.update:
        return False
    if "deletionTimestamp" in meta:
        raise Conflict(
            "restore from the export",
            site=api.site,
            on=describe(kind, meta.get("namespace"), meta["name"]),
            seen="it is being deleted",
            wanted="absent, or there to stay",
            next_step="look at its finalizers, wait until it is gone, then start again",
        )
    return True


def _write(api: Api, kind: Kind, rules: Rules, pair: tuple[Mapping[str, Any], Mapping[str, Any] | None]) -> None:
    item, seen = pair
    body = restored_form(kind, item)
    creator = rules.run_id if seen is None else (seen["metadata"].get("annotations") or {}).get(CREATED_BY)
    captured = body["metadata"].get("annotations") or {}
    annotations = {key: value for key, value in captured.items() if key != CREATED_BY}
    body["metadata"]["annotations"] = {**annotations, **({CREATED_BY: creator} if creator else {})}
    if seen is None:
        # somebody who made it meanwhile is not overwritten
        api.apply(kind, body, force=False)
        return
    written = api.apply(kind, body)
    surplus = {
        part: {key: None for key in (written.get(part) or {}) if key not in (body.get(part) or {})}
        for part in OWNED_MAPS
    }
    if any(surplus.values()):
        meta = body["metadata"]
        patch = {part: keys for part, keys in surplus.items() if keys}
        api.patch(kind, meta["name"], meta.get("namespace"), patch)


def _named(error: DrError, kind: Kind, item: Mapping[str, Any], failures: int) -> DrError:
    more = f" ({failures - 1} more failed)" if failures > 1 else ""
    name = describe(kind, item["metadata"].get("namespace"), item["metadata"]["name"])
    error.next_step = f"{error.next_step or f'{name}: correct what the message names, then start again'}{more}"
    return error


def _key(item: Mapping[str, Any]) -> Key:
    return str(item["metadata"].get("namespace") or ""), str(item["metadata"]["name"])
