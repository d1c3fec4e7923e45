# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture: the manifests of a plan as they were at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .finding import Finding


@dataclass(frozen=True)
class CaptureInfo:
    """One capture in a catalog. created: ISO 8601. phase: as its source calls it. findings: empty when complete."""

    name: str
    site: str
    created: str
    phase: str
    complete: bool
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "site": self.site,
            "created": self.created,
            "phase": self.phase,
            "complete": self.complete,
            "findings": [finding.as_dict() for finding in self.findings],
        }


@dataclass(frozen=True)
class Capture:
    """objects: resource as `plural.group` to the captured objects."""

    name: str
    objects: Mapping[str, Sequence[Mapping[str, Any]]]

    def index(self, resource: str) -> dict[str, Mapping[str, Any]]:
        """namespace/name (or name, for cluster-scoped objects) to object."""
        found = {}
        for item in self.objects.get(resource, ()):
            namespace = item["metadata"].get("namespace")
            found[f"{namespace}/{item['metadata']['name']}" if namespace else item["metadata"]["name"]] = item
        return found
