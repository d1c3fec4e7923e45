# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which providers there are.

Each is imported when it is asked for: all of them cost every module a tenth of a second. With plain imports, as Ansible
ships to a module only what it imports statically.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .._errors import Unsupported
from .._model.plan import Group
from .base import Provider
from .detection import Captured, Detection, nothing_captured
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


def detection(sites: Iterable[SiteHandle], captured: Captured = nothing_captured) -> Detection:
    """What tells the providers of groups that name none. It sees the sites as they are now: not to be kept."""
    return Detection(PROVIDERS, sites, captured)


def provider_class(group: Group, detected: Detection) -> type[Provider]:
    """The provider that the group or its plan names, else the one that the sites show."""
    if group.provider is None:
        return detected.provider_class(group)
    if group.provider not in PROVIDERS:
        raise Unsupported(
            "choose the replication provider",
            on=f"group {group.name}",
            seen=f"provider {group.provider!r}",
            wanted=f"one of: {', '.join(sorted(PROVIDERS))}",
            next_step="correct replication.provider in the plan",
        )
    return PROVIDERS[group.provider]()
