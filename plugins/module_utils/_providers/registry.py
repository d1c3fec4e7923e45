# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which providers there are.

Each is imported when it is asked for: all of them cost every module a tenth of a second. With plain imports, as Ansible
ships to a module only what it imports statically.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .._errors import DrError, Refused, Unsupported
from .._model.plan import Group
from .base import Provider
from .site_handle import SiteHandle


def _array() -> type[Provider]:
    from .array.provider import ArrayProvider

    return ArrayProvider


def _ceph_rbd() -> type[Provider]:
    from .ceph_rbd.provider import CephRbdProvider

    return CephRbdProvider


def _csi_addons() -> type[Provider]:
    from .csi_addons.provider import CsiAddonsProvider

    return CsiAddonsProvider


def _custom() -> type[Provider]:
    from .custom.provider import CustomProvider

    return CustomProvider


def _dell_csm() -> type[Provider]:
    from .dell_csm.provider import DellCsmProvider

    return DellCsmProvider


def _hitachi() -> type[Provider]:
    from .hitachi.provider import HitachiProvider

    return HitachiProvider


def _hpe() -> type[Provider]:
    from .hpe.provider import HpeProvider

    return HpeProvider


def _ibm() -> type[Provider]:
    from .ibm.provider import IbmProvider

    return IbmProvider


def _nfs() -> type[Provider]:
    from .nfs.provider import NfsProvider

    return NfsProvider


def _portworx() -> type[Provider]:
    from .portworx.provider import PortworxProvider

    return PortworxProvider


def _ramen() -> type[Provider]:
    from .ramen.provider import RamenProvider

    return RamenProvider


def _tasks() -> type[Provider]:
    from .tasks.provider import TasksProvider

    return TasksProvider


def _trident() -> type[Provider]:
    from .trident.provider import TridentProvider

    return TridentProvider


def _volsync() -> type[Provider]:
    from .volsync.provider import VolsyncProvider

    return VolsyncProvider


PROVIDERS: dict[str, Callable[[], type[Provider]]] = {
    "array": _array,
    "ceph_rbd": _ceph_rbd,
    "csi_addons": _csi_addons,
    "custom": _custom,
    "dell_csm": _dell_csm,
    "hitachi": _hitachi,
    "hpe": _hpe,
    "ibm": _ibm,
    "nfs": _nfs,
    "portworx": _portworx,
    "ramen": _ramen,
    "tasks": _tasks,
    "trident": _trident,
    "volsync": _volsync,
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
    return PROVIDERS[group.provider]()


def _detected(group: Group, sites: Iterable[SiteHandle]) -> type[Provider]:
    """From the first site that shows one. A site that does not answer shows nothing."""
    looked: list[str] = []
    for site in sites:
        try:
            shown = {name: why for name, provider in PROVIDERS.items() if (why := provider().detect(group, site))}
        except DrError as error:
            looked.append(f"{site.name}: {error}")
            continue
        if len(shown) == 1:
            return PROVIDERS[next(iter(shown))]()
        looked.append(f"{site.name}: " + ("; ".join(f"{name} ({why})" for name, why in shown.items()) or "none"))
    raise Refused(
        "detect the replication provider",
        on=f"group {group.name}",
        seen="; ".join(looked),
        wanted="exactly one that a site shows",
        next_step=f"set replication.provider in the plan to one of: {', '.join(sorted(PROVIDERS))}",
    )
