# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights as the pages grant them, and as calls use them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import Right
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

DOCS = Path(__file__).parents[4] / "docs"
VERBS = {
    "find": ("get",),
    "get": ("get",),
    "list": ("list",),
    "create": ("create",),
    "replace": ("update",),
    "patch": ("patch",),
    # of what is absent
    "apply": ("create", "patch"),
    "delete": ("delete",),
}


def roles_in(*pages: str) -> list[dict[str, Any]]:
    """The roles and cluster roles of these pages."""
    texts = [(DOCS / name).read_text(encoding="utf-8") for name in pages]
    blocks = [block.partition("```")[0] for text in texts for block in text.split("```yaml")[1:]]
    return [role for block in blocks if "rbac.authorization.k8s.io" in block for role in yaml.safe_load_all(block)]


def granted(*pages: str) -> dict[str, set[Right]]:
    """By role. pages: by default those of the playbooks."""
    return {
        role["metadata"]["name"].removeprefix("ocpvirt-dr-"): {
            Right(verb, group, resource)
            for rule in role["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        for role in roles_in(*(pages or ("rbac.md", "metadata.md")))
    }


def note_rights(api: MemoryApi) -> set[Right]:
    """Those that calls use from now on; what a stand-in calls of itself is no call."""
    used: set[Right] = set()
    inside = threading.local()

    def noting(call: Callable[..., Any], rights: Callable[..., Iterable[Right]]) -> Callable[..., Any]:
        def noted(first: Any, *given: Any, **named: Any) -> Any:
            if getattr(inside, "call", False):
                return call(first, *given, **named)
            inside.call = True
            try:
                used.update(rights(first))
                return call(first, *given, **named)
            finally:
                inside.call = False

        return noted

    for name, verbs in VERBS.items():
        setattr(api, name, noting(getattr(api, name), partial(_of_kind, verbs)))
    if put := getattr(api, "put_subresource", None):
        api.put_subresource = noting(put, _of_path)  # type: ignore[attr-defined]
    return used


def _of_kind(verbs: Iterable[str], kind: Kind) -> list[Right]:
    return [Right(verb, kind.group, kind.plural) for verb in verbs]


def _of_path(path: str) -> list[Right]:
    """/apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE/NAME/SUBRESOURCE"""
    parts = path.split("/")
    return [Right("update", parts[2], f"{parts[6]}/{parts[8]}")]
