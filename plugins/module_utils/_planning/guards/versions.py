# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is what a plan's objects need served at the target, and no older than where they come from? Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..._model.finding import Finding, Severity
from ..vm.parts import Object, some

# without these VMs that refer to them do not start
STARTED_BY = (
    "virtualmachineinstancetypes.instancetype.kubevirt.io",
    "virtualmachinepreferences.instancetype.kubevirt.io",
)
REMEDY = "install or update at the target what the other site has, before a move needs it"


def absent_kinds(wanted: Mapping[str, Collection[str]], served: Collection[str], target: str) -> Iterator[Finding]:
    """wanted: by resource, such as `routes.route.openshift.io`, the keys of the plan's objects."""
    for resource, keys in sorted(wanted.items()):
        if resource not in served:
            message = f"the target does not serve it, and the plan has {some(sorted(keys))}: a move cannot bring that"
            severity: Severity = "blocker" if resource in STARTED_BY else "warning"
            yield Finding(severity, "KindAbsent", f"CustomResourceDefinition/{resource}", message, REMEDY, target)


def kubevirt_findings(here: Object | None, there: Object | None, target: str) -> Iterator[Finding]:
    """The KubeVirt resources of where the plan lives and of the target; None where one could not be read."""
    if here is None or there is None:
        return
    on = f"KubeVirt/{there['metadata'].get('namespace')}/{there['metadata']['name']}"
    ours, theirs = _version(here), _version(there)
    if ours and theirs and _number(theirs) < _number(ours):
        message = f"it is {theirs}, and {ours} at the other site: it may not know what VMs of that version say"
        yield Finding("warning", "KubeVirtOlder", on, message, REMEDY, target)
    lacking = sorted(_gates(here) - _gates(there))
    if lacking:
        message = f"its feature gates lack {some(lacking, 5)}: VMs that use them are refused, or come up without"
        yield Finding("warning", "FeatureGateAbsent", on, message, "enable the same gates, if VMs use them", target)


def _version(kubevirt: Object) -> str:
    status = kubevirt.get("status") or {}
    return str(status.get("observedKubeVirtVersion") or "")


def _number(version: str) -> tuple[int, ...]:
    """Major and minor; a patch level changes no API."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _gates(kubevirt: Object) -> set[str]:
    configuration: Mapping[str, Any] = (kubevirt.get("spec") or {}).get("configuration") or {}
    given: Iterable[str] = (configuration.get("developerConfiguration") or {}).get("featureGates") or ()
    return set(given)
