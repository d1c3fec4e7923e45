# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The spec of the instancetype that a VM refers to, as it was captured with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..._model.vm_needs import revisions
from ..practice.instancetypes import OF_CLUSTER
from .parts import Object

FIELD = "instancetype"


def instancetype_spec(
    vm: Object, stored: Mapping[str, Object], own: Mapping[str, Object], of_cluster: Mapping[str, Object]
) -> Object | None:
    """stored: ControllerRevisions, own: instancetypes, both by namespace/name. of_cluster: by name. None where it has
    none, or it is not among them."""
    used, namespace = vm["spec"].get(FIELD) or {}, vm["metadata"]["namespace"]
    revision = stored.get(f"{namespace}/{revisions(vm).get(FIELD)}")
    if revision is not None:
        found: Object | None = revision.get("data")
    elif str(used.get("kind") or OF_CLUSTER[FIELD]).lower() == OF_CLUSTER[FIELD].lower():
        found = of_cluster.get(str(used.get("name")))
    else:
        found = own.get(f"{namespace}/{used.get('name')}")
    return None if found is None else found.get("spec")
