# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which providers there are. Plain imports: Ansible ships to a module only what it imports statically."""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import DrError, Refused, Unsupported
from .._model.plan import Group
from .array import ArrayProvider
from .base import Provider
from .ceph_rbd import CephRbdProvider
from .csi_addons import CsiAddonsProvider
from .custom import CustomProvider
from .dell_csm import DellCsmProvider
from .hitachi import HitachiProvider
from .hpe import HpeProvider
from .ibm import IbmProvider
from .nfs import NfsProvider
from .portworx import PortworxProvider
from .ramen import RamenProvider
from .site_handle import SiteHandle
from .tasks import TasksProvider
from .trident import TridentProvider
from .volsync import VolsyncProvider

PROVIDERS: dict[str, type[Provider]] = {
    provider.name: provider
    for provider in (
        ArrayProvider,
        CephRbdProvider,
        CsiAddonsProvider,
        CustomProvider,
        DellCsmProvider,
        HitachiProvider,
        HpeProvider,
        IbmProvider,
        NfsProvider,
        PortworxProvider,
        RamenProvider,
        TasksProvider,
        TridentProvider,
        VolsyncProvider,
    )
}


def provider_class(group: Group, sites: Iterable[SiteHandle]) -> type[Provider]:
    """The provider that the group or its plan names, else the one that the sites show."""
    if group.provider is None:
        return _detected(group, sites)
    if group.provider not in PROVIDERS:
        raise Unsupported(
            "choose the replication provider",
            on=f"group {group.name}",
            seen=f"provider {group.provider!r}",
            wanted=f"one of: {', '.join(sorted(PROVIDERS))}",
            next_step="correct replication.provider in the plan",
        )
    return PROVIDERS[group.provider]


def _detected(group: Group, sites: Iterable[SiteHandle]) -> type[Provider]:
    """From the first site that shows one. A site that does not answer shows nothing."""
    looked: list[str] = []
    for site in sites:
        try:
            shown = {name: why for name, provider in PROVIDERS.items() if (why := provider.detect(group, site))}
        except DrError as error:
            looked.append(f"{site.name}: {error}")
            continue
        if len(shown) == 1:
            return PROVIDERS[next(iter(shown))]
        looked.append(f"{site.name}: " + ("; ".join(f"{name} ({why})" for name, why in shown.items()) or "none"))
    raise Refused(
        "detect the replication provider",
        on=f"group {group.name}",
        seen="; ".join(looked),
        wanted="exactly one that a site shows",
        next_step=f"set replication.provider in the plan to one of: {', '.join(sorted(PROVIDERS))}",
    )
