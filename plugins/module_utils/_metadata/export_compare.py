# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site has of a capture already: what is as captured need not be restored, whoever restores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.kinds import Kind
from .._errors import NotFound
from .._model.capture import Capture
from .._model.names import CREATED_BY, protected_label
from .export_kinds import kind_of
from .export_restore import restored_form

# of restores and of controllers; none of them is the owner's
NOT_OWNED = ("velero.io/", "kubectl.kubernetes.io/", "openshift.io/internal-registry-pull-secret-ref")
# a cluster puts its own into these
EXTENDED = {"ServiceAccount": ("imagePullSecrets", "secrets")}


@dataclass(frozen=True)
class Compared:
    """as_captured: resources of which nothing differs. absent, changed: by resource, in words."""

    as_captured: tuple[str, ...]
    absent: Mapping[str, Sequence[str]]
    changed: Mapping[str, Sequence[str]]

    @property
    def resources(self) -> set[str]:
        """Those of which something differs."""
        return {*self.absent, *self.changed}

    def without(self, resources: Collection[str]) -> Compared:
        """As if these were as captured."""
        absent, changed = (
            {name: texts for name, texts in by_resource.items() if name not in resources}
            for by_resource in (self.absent, self.changed)
        )
        return Compared((*self.as_captured, *sorted(self.resources & set(resources))), absent, changed)


def compare_with_site(api: Api, capture: Capture, exclude: Sequence[str], plan: str) -> Compared:
    """All of a capture but the excluded resources. Objects that are not of the plan are left alone, so never differ."""
    as_captured: list[str] = []
    absent: dict[str, list[str]] = {}
    changed: dict[str, list[str]] = {}
    for resource, items in sorted(capture.objects.items()):
        # what is of the whole cluster is never a reason to restore; namespaces are made by us before
        if resource in exclude or not items or "namespace" not in items[0]["metadata"]:
            continue
        found = list(_differences(api, kind_of(resource, items[0]), items, plan))
        for on, parts in found:
            if parts:
                changed.setdefault(resource, []).append(f"{on} is brought to the capture: {', '.join(parts)}")
            else:
                absent.setdefault(resource, []).append(on)
        if not found:
            as_captured.append(resource)
    return Compared(tuple(as_captured), absent, changed)


def _differences(
    api: Api, kind: Kind, items: Sequence[Mapping[str, Any]], plan: str
) -> Iterator[tuple[str, list[str]]]:
    """kind/namespace/name and the parts that differ; without any the object is absent."""
    seen: dict[tuple[str, str], Object] = {}
    try:
        for namespace in sorted({item["metadata"]["namespace"] for item in items}):
            seen |= {(namespace, found["metadata"]["name"]): found for found in api.list(kind, namespace)}
    except NotFound:
        # not served there: nobody can bring it
        return
    for item in items:
        meta = item["metadata"]
        there = seen.get((meta["namespace"], meta["name"]))
        on = f"{kind.kind}/{meta['namespace']}/{meta['name']}"
        if there is None:
            yield on, []
        elif (there["metadata"].get("labels") or {}).get(protected_label(plan)) == "true":
            parts = _parts(_content(kind, item), _content(kind, there))
            if parts:
                yield on, parts


def _content(kind: Kind, item: Mapping[str, Any]) -> dict[str, Any]:
    """What its owner wrote, in the form in which it is brought to another cluster."""
    body = restored_form(kind, item)
    meta = body.pop("metadata")
    content = {key: value for key, value in body.items() if key not in EXTENDED.get(kind.kind, ())}
    content.pop("apiVersion", None)
    content.pop("kind", None)
    for part in ("labels", "annotations"):
        content[part] = {
            key: value
            for key, value in (meta.get(part) or {}).items()
            if key != CREATED_BY and not key.startswith(NOT_OWNED)
        }
    return content


def _parts(captured: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Names only: a Secret's content is shown nowhere."""
    return sorted(
        part for part in captured.keys() | seen.keys() if (captured.get(part) or None) != (seen.get(part) or None)
    )
