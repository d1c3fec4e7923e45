# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VolSync objects that we write. Pure.

Both are named after their claim. A site that has been a secondary keeps its ReplicationDestination, paused while it is
primary, because the address that the peer sends to belongs to it.
"""

from __future__ import annotations

from typing import Any, Literal

from ..._cluster.kinds import REPLICATION_DESTINATION, REPLICATION_SOURCE, Kind
from ..._model.names import PREFIX
from ..ownership import ownership
from .options import VolsyncOptions

Object = dict[str, Any]
# what a manual trigger of ours is for. demoted, drain, final: the copy was given up by a demotion
Word = Literal["demoted", "drain", "final", "resync"]
# of a mover, what the plan's options say
OF_OPTIONS = (
    "keySecret",
    "copyMethod",
    "volumeSnapshotClassName",
    "serviceType",
    "serviceAnnotations",
    "moverServiceAccount",
)


def replication_source(plan: str, group: str, claim: tuple[str, str], options: VolsyncOptions, address: str) -> Object:
    """Without an address it is paused: its mover could only fail."""
    mover: Object = {"keySecret": options.key_secret, "copyMethod": options.copy_method}
    if address:
        mover["address"] = address
    if options.snapshot_class:
        mover["volumeSnapshotClassName"] = options.snapshot_class
    spec = {
        "sourcePVC": claim[1],
        "trigger": {"schedule": options.schedule},
        "paused": not address,
        "rsyncTLS": {**mover, **_account(options)},
    }
    return _object(REPLICATION_SOURCE, plan, group, claim, spec)


def replication_destination(
    plan: str, group: str, claim: tuple[str, str], options: VolsyncOptions, paused: bool
) -> Object:
    """It writes to the claim itself, and listens again after each transfer: it has no trigger."""
    mover: Object = {
        "keySecret": options.key_secret,
        "copyMethod": "Direct",
        "destinationPVC": claim[1],
        "serviceType": options.service_type,
    }
    if options.service_annotations:
        mover["serviceAnnotations"] = dict(options.service_annotations)
    spec = {"paused": paused, "rsyncTLS": {**mover, **_account(options)}}
    return _object(REPLICATION_DESTINATION, plan, group, claim, spec)


def tag(word: Word, unique: str) -> str:
    """Of a manual trigger."""
    return f"{PREFIX}/{word}/{unique}"


def word_of(manual: str | None) -> str:
    """What a manual trigger is for; empty when it is not ours, or there is none."""
    prefix, _slash, rest = (manual or "").partition("/")
    return rest.partition("/")[0] if prefix == PREFIX else ""


def manual_patch(text: str) -> Object:
    """Merge patch: one sync, and then none until the next patch."""
    return {"spec": {"trigger": {"manual": text, "schedule": None}}}


def listen_patch(paused: bool) -> Object:
    """Merge patch of a ReplicationDestination: take in transfer after transfer, or nothing."""
    return {"spec": {"trigger": None, "paused": paused}}


def send_patch(schedule: str, address: str) -> Object:
    """Merge patch of a ReplicationSource: send by the schedule."""
    trigger = {"schedule": schedule, "manual": None}
    return {"spec": {"trigger": trigger, "paused": not address, "rsyncTLS": {"address": address or None}}}


def mover_patch(seen: Object, wanted: Object) -> Object:
    """Merge patch that makes a mover as the options say; empty where it is. wanted: of an object that is made now."""
    changed = {name: wanted.get(name) for name in OF_OPTIONS if (seen.get(name) or None) != wanted.get(name)}
    if changed.get("serviceAnnotations"):
        gone = dict.fromkeys(seen.get("serviceAnnotations") or {})
        changed["serviceAnnotations"] = {**gone, **wanted["serviceAnnotations"]}
    return {"spec": {"rsyncTLS": changed}} if changed else {}


def pause_patch(paused: bool) -> Object:
    return {"spec": {"paused": paused}}


def _account(options: VolsyncOptions) -> Object:
    return {"moverServiceAccount": options.mover_service_account} if options.mover_service_account else {}


def _object(kind: Kind, plan: str, group: str, claim: tuple[str, str], spec: Object) -> Object:
    meta = {"namespace": claim[0], "name": claim[1], "labels": ownership(plan, group)}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, "spec": spec}
