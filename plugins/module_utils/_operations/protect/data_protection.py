# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuring OADP at the sites that have its operator, as the plan's `metadata.oadp` says."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.clock import Deadline
from ..._cluster.kinds import (
    CLUSTER_SERVICE_VERSION,
    DATA_PROTECTION_APPLICATION,
    NAMESPACE,
    SECRET,
    STORAGE_LOCATION,
)
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Failed, NotFound, Refused, TerminalState
from ..._model.finding import Finding
from ..._model.plan import Metadata, Plan
from ..._planning.data_protection import (
    OLDEST,
    application,
    is_too_old,
    location_of,
    lost_fields,
    obstacles,
    version_of,
)
from ..plan.sites import open_site

# the operator meets passing errors, such as conflicts, and tries again; one that stays so long does not pass
SETTLED_AFTER = 20.0
FORBIDDEN = 403


@dataclass(frozen=True)
class Decision:
    """What becomes of one site. state: absent (no operator), adopted or created."""

    api: Api
    state: str
    version: str
    application: Object
    why: str


def configure(plan: Plan, sites: list[str], timeout: float, check_mode: bool) -> dict[str, Any]:
    """Every site is judged before any is written; then each is waited for until Velero reaches the object store."""
    metadata = _asked(plan)
    wanted = application(metadata, _authority(metadata))
    decisions = [_decide(open_site(plan, site), metadata, wanted) for site in sites]
    if not check_mode:
        for decision in decisions:
            _apply(decision, metadata, wanted)
        for decision in decisions:
            _await(decision, metadata, timeout)
    return {
        "changed": any(decision.state == "created" for decision in decisions),
        "decisions": [f"{decision.api.site}: {decision.why}" for decision in decisions],
        "sites": {
            decision.api.site: {
                "state": decision.state,
                "application": decision.application.get("metadata", {}).get("name", ""),
                "storage_location": _location(decision, metadata),
                "version": decision.version,
            }
            for decision in decisions
        },
    }


def version_findings(plan: Plan, api: Api) -> Iterator[Finding]:
    """An operator of OADP that is known to be too old."""
    version = _version(api, plan.metadata.namespace)
    if is_too_old(version):
        yield Finding(
            "warning",
            "OadpTooOld",
            f"ClusterServiceVersion/{plan.metadata.namespace}",
            f"OADP {version}; backups of metadata alone need {OLDEST}",
            "update the operator",
            api.site,
        )


def _asked(plan: Plan) -> Metadata:
    if plan.metadata.oadp is None:
        raise Refused(
            "configure OADP",
            on=f"plan {plan.name}",
            seen=f"metadata.source is {plan.metadata.source}, and the plan has no metadata.oadp",
            wanted="metadata.oadp with bucket, region and credential",
            next_step="add it (docs/metadata.md), or configure OADP by hand",
        )
    return plan.metadata


def _authority(metadata: Metadata) -> str | None:
    named = (metadata.oadp or {}).get("ca_file")
    if named is None:
        return None
    try:
        return base64.b64encode(Path(os.path.expanduser(named)).read_bytes()).decode()
    except OSError as error:
        raise Refused(
            "read the CA certificates of the object store",
            on=named,
            seen=error.strerror or str(error),
            next_step="correct metadata.oadp.ca_file",
        ) from error


def _decide(api: Api, metadata: Metadata, wanted: Object) -> Decision:
    namespace = metadata.namespace
    try:
        existing = api.list(DATA_PROTECTION_APPLICATION, namespace)
    except NotFound:
        return Decision(api, "absent", "", {}, "it has no OADP operator: nothing is configured there")
    version = _version(api, namespace)
    if is_too_old(version):
        raise Refused(
            "configure OADP",
            site=api.site,
            on=f"ClusterServiceVersion in {namespace}",
            seen=f"OADP {version}",
            wanted=f"{OLDEST} or newer: older ones refuse backups of a VM's metadata alone",
            next_step="update the operator there",
        )
    shown = f"OADP {version}" if version else "OADP, whose version is not visible"
    _check_credential(api, namespace, wanted)
    if existing:
        found = _adopted(api, metadata, wanted, existing)
        return Decision(api, "adopted", version, found, f"{shown}: {_name(found)} is as the plan needs it")
    _rehearse(api, wanted)
    why = f"{shown}: {_name(wanted)} is created with the plug-ins openshift, kubevirt, aws and csi"
    return Decision(api, "created", version, wanted, why)


def _check_credential(api: Api, namespace: str, wanted: Object) -> None:
    """The Secret is there and holds the key; its value is nobody's business."""
    credential = wanted["spec"]["backupLocations"][0]["velero"]["credential"]
    on, next_step = f"Secret/{namespace}/{credential['name']}", "create it there, with the keys of the object store"
    if api.find(NAMESPACE, namespace) is None:
        on, next_step = f"Namespace/{namespace}", "correct metadata.namespace: where the OADP operator lives"
        raise Refused("configure OADP", site=api.site, on=on, seen="absent", next_step=next_step)
    secret = api.find(SECRET, credential["name"], namespace)
    if secret is None or not (secret.get("data") or {}).get(credential["key"]):
        raise Refused(
            "configure OADP",
            site=api.site,
            on=on,
            seen="absent" if secret is None else f"it has no key {credential['key']}",
            wanted=f"a Secret with the key {credential['key']}, as metadata.oadp.credential says",
            next_step=next_step,
        )


def _adopted(api: Api, metadata: Metadata, wanted: Object, existing: list[Object]) -> Object:
    """The application that is there, if it will do; it is never written (P8)."""
    names = ", ".join(sorted(_name(item) for item in existing))
    if len(existing) > 1:
        raise Conflict(
            "configure OADP",
            site=api.site,
            on=names,
            seen=f"{len(existing)} in one namespace, of which the operator takes none",
            wanted="one",
            next_step="remove all but one",
        )
    wrong = obstacles(wanted, existing[0], metadata.storage_location)
    if wrong:
        raise Conflict(
            "configure OADP",
            site=api.site,
            on=names,
            seen="; ".join(wrong),
            wanted="what metadata.oadp says",
            next_step="it was not touched: change it there, or correct the plan",
        )
    return existing[0]


def _rehearse(api: Api, wanted: Object) -> None:
    seen = api.create(DATA_PROTECTION_APPLICATION, wanted, dry_run=True)
    lost = lost_fields(wanted, seen)
    if lost:
        raise Refused(
            "configure OADP",
            site=api.site,
            on=_name(wanted),
            seen=f"its definition there does not know {', '.join(lost)}",
            wanted=f"the definition of OADP {OLDEST} or newer",
            next_step="update the operator there",
        )


def _apply(decision: Decision, metadata: Metadata, wanted: Object) -> None:
    if decision.state != "created":
        return
    try:
        decision.api.create(DATA_PROTECTION_APPLICATION, wanted)
    except Conflict:
        # somebody made it meanwhile
        _adopted(decision.api, metadata, wanted, decision.api.list(DATA_PROTECTION_APPLICATION, metadata.namespace))


def _await(decision: Decision, metadata: Metadata, timeout: float) -> None:
    if decision.state == "absent":
        return
    deadline = Deadline(decision.api.clock, timeout)
    _await_reconciled(decision.api, decision.application, deadline)
    _await_location(decision.api, metadata.namespace, _location(decision, metadata), deadline)


def _await_reconciled(api: Api, wanted: Object, deadline: Deadline) -> None:
    meta, on = wanted["metadata"], _name(wanted)
    errors: dict[str, float] = {}

    def reconciled() -> tuple[bool, str]:
        seen = api.get(DATA_PROTECTION_APPLICATION, meta["name"], meta["namespace"])
        condition = _condition(seen)
        message = condition.get("message", "")
        if condition.get("status") != "False":
            errors.clear()
            return condition.get("status") == "True", message or "no condition Reconciled: does the operator run?"
        if deadline.elapsed - errors.setdefault(message, deadline.elapsed) >= SETTLED_AFTER:
            raise TerminalState(
                "wait until the operator has configured Velero",
                site=api.site,
                on=on,
                seen=f"Reconciled is False, {condition.get('reason', '')}: {message}",
                wanted="Reconciled is True",
                waited=deadline.elapsed,
                next_step="mend what the operator names, then start again",
            )
        return False, f"Reconciled is False: {message}"

    tried, next_step = "wait until the operator has configured Velero", "look at the operator's log, then start again"
    wait_for(api.clock, deadline.left, reconciled, tried, api.site, on, next_step)


def _await_location(api: Api, namespace: str, name: str, deadline: Deadline) -> None:
    on = f"BackupStorageLocation/{namespace}/{name}"

    def available() -> tuple[bool, str]:
        status = (api.find(STORAGE_LOCATION, name, namespace) or {}).get("status") or {}
        phase = status.get("phase", "absent, or not looked at by Velero yet")
        if phase == "Unavailable":
            raise TerminalState(
                "wait until Velero reaches the object store",
                site=api.site,
                on=on,
                seen=f"Unavailable: {status.get('message', 'no reason is given')}",
                wanted="Available",
                next_step="mend bucket, address or credential; Velero looks again once a minute, then start again",
            )
        return phase == "Available", f"phase {phase}"

    next_step = "look at the Deployment velero there, then start again"
    wait_for(api.clock, deadline.left, available, "wait until Velero reaches the object store", api.site, on, next_step)


def _version(api: Api, namespace: str) -> str:
    """Empty where it is not visible: no OLM, no such object, or no right to read it."""
    try:
        return version_of(api.list(CLUSTER_SERVICE_VERSION, namespace))
    except NotFound:
        return ""
    except Failed as error:
        if error.status == FORBIDDEN:
            return ""
        raise


def _location(decision: Decision, metadata: Metadata) -> str:
    if decision.state == "absent":
        return ""
    found = location_of(decision.application, metadata.storage_location)
    return found[0] if found else ""


def _condition(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    conditions = (seen.get("status") or {}).get("conditions") or []
    return next((item for item in conditions if item.get("type") == "Reconciled"), {})


def _name(item: Mapping[str, Any]) -> str:
    return f"DataProtectionApplication/{item['metadata']['namespace']}/{item['metadata']['name']}"
