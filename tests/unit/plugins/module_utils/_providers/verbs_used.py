# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rights that each provider's verbs use at a site, and at a hub, as its double is asked for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NETWORK_FENCE_CLASS
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import Right
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx import switch as portworx_switch
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.all_verbs import (
    ask_in_turn,
    look,
    lose_answers,
    walk,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.beside_cluster import (
    CephWorld,
    NfsWorld,
    Seen,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons import test_fence as fences
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons import world as csi_addons
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom import world as custom
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm import world as dell_csm
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi import world as hitachi
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm import world as ibm
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx import world as portworx
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen import world as ramen
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident import world as trident
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync import world as volsync
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.rights_used import note_rights
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

Rights = dict[str, set[Right]]
# their verbs are playbooks that see no cluster, or they have none
LOOK_ONLY = frozenset({"array", "hpe", "tasks"})


def used_by(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Rights:
    """By place: `site`, and `hub` where the product has one. root: a folder for a double that is of files."""
    if name == "ceph_rbd":
        return noted(CephWorld(monkeypatch), by=ask_in_turn)
    if name == "nfs":
        return noted(NfsWorld(root, monkeypatch), by=ask_in_turn)
    return noted(Seen(name), by=look) if name in LOOK_ONLY else IN_CLUSTER[name]()


def noted(made: Any, *own: Callable[[Any], None], by: Callable[..., None] = walk) -> Rights:
    places = [("site", api) for api in made.apis.values()]
    if hasattr(made, "hub"):
        places.append(("hub", made.hub))
    used = []
    for place, api in places:
        lose_answers(api)
        used.append((place, note_rights(api)))
    by(made, *own)
    return {place: set().union(*(rights for at, rights in used if at == place)) for place, _api in places}


def together(*walks: Rights) -> Rights:
    return {place: set().union(*(rights[place] for rights in walks)) for place in walks[0]}


def fence(made: Any) -> None:
    fences.answer(made, fences.FENCED)
    made.provider.fence(made.group, "west", "east")
    made.wait()
    fences.answer(made, fences.UNFENCED)
    made.provider.unfence(made.group, "west", "east")


def fence_by_class(made: Any) -> None:
    parameters = {f"csiaddons.openshift.io/networkfence-secret-{name}": "fencer" for name in ("name", "namespace")}
    body = {"metadata": {"name": "fencing"}, "spec": {"provisioner": csi_addons.DRIVER, "parameters": parameters}}
    MemoryApi.create(made.apis["west"], NETWORK_FENCE_CLASS, body)
    fence(made)


def switch_in_vain(made: Any) -> None:
    """It is taken back with what it has made."""
    made.wait()
    stopping = patch.object(portworx_switch, "await_whole", lambda _side: setattr(made.apis["east"], "stopped", True))
    with stopping, pytest.raises(Timeout):
        made.provider.demote(made.group, "east")
    made.apis["east"].stopped = False
    made.wait()


IN_CLUSTER: dict[str, Callable[[], Rights]] = {
    "csi_addons": lambda: together(
        noted(csi_addons.world(**{**fences.OPTIONS, "fence": {"class": "fencing"}}), fence_by_class),
        noted(csi_addons.world(per="group")),
    ),
    "custom": lambda: noted(custom.custom_world()),
    "ibm": lambda: together(noted(ibm.world()), noted(ibm.world("policy"))),
    "dell_csm": lambda: noted(dell_csm.world()),
    "hitachi": lambda: together(noted(hitachi.world()), noted(hitachi.world(grouped=True))),
    "portworx": lambda: noted(portworx.world(enabled=False), switch_in_vain),
    "ramen": lambda: noted(ramen.world()),
    "trident": lambda: noted(trident.world()),
    "volsync": lambda: noted(volsync.world()),
}
