# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that have another name at each site: what may stand in the plan, and that it can be turned back."""

from __future__ import annotations

import re
from typing import Any

from .plan_collections import Field, Items, Keys, PerSite
from .plan_problem import Path, quoted, render_path
from .plan_schema import Reading, Text, matching

_SUBDOMAIN = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_ATTACHMENT = re.compile(rf"(?=.{{1,317}}$)(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?/)?{_SUBDOMAIN}")

_NAME = Text(
    matching(_ATTACHMENT, "not the name of a NetworkAttachmentDefinition such as vlan-100 or default/vlan-100"),
    "the name of a NetworkAttachmentDefinition",
)

NETWORK = Keys({"attachments": Field(Items(PerSite(_NAME, complete=True)), required=True)})


def in_namespace(name: str, namespace: str) -> str:
    """namespace/name of what a VM of that namespace means by a name."""
    return name if "/" in name else f"{namespace}/{name}"


def check_attachments(plan: dict[str, Any], at: Path, reading: Reading) -> None:
    """A site's name stands in one entry only: else nobody could tell what it is at the other site."""
    network, protect = plan.get("network"), plan.get("protect")
    entries = network.get("attachments") if isinstance(network, dict) else None
    namespaces = protect.get("namespaces") if isinstance(protect, dict) else None
    if not isinstance(entries, list) or not isinstance(namespaces, list):
        return
    known = [namespace for namespace in namespaces if isinstance(namespace, str)]
    for site in reading.sites:
        first: dict[str, int] = {}
        for index, entry in enumerate(entries):
            name = entry.get(site) if isinstance(entry, dict) else None
            if not isinstance(name, str):
                continue
            meant = {in_namespace(name, namespace) for namespace in known}
            taken = [first[item] for item in sorted(meant) if item in first]
            if taken:
                there = render_path((*at, "network", "attachments", taken[0], site))
                where = (*at, "network", "attachments", index, site)
                reading.problem(
                    where, f"{quoted(name)} is already at {there}: it would have two names at the other site"
                )
            for item in meant:
                first.setdefault(item, index)
