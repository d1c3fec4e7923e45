# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a product restored at a target by itself, held against what was recorded where it comes from. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._model.capture import Capture
from ..._model.names import CREATED_BY
from ..._model.plan import VolumeRule
from ..._model.recorded import is_recorded
from ..._model.vm import claim_names, is_off
from ..volumes.compare import differences, points_home
from ..volumes.patch import filled, match_rule
from ..volumes.source import field_name, source_names

Object = Mapping[str, Any]

VMS = "virtualmachines.kubevirt.io"
CLAIMS = "persistentvolumeclaims"
# they are looked at through their claims: a product may name them as it likes
VOLUMES = "persistentvolumes"
# somebody writes to a claim whose DataVolume is in one of these
POPULATING = ("InProgress", "Scheduled")


def is_taken_over(vm: Object, run_id: str, started: bool) -> bool:
    """Whether this run has halted it with its power state written on it; once started, it may be given that back.

    A start takes the record off again: what is on or off then is so by the start, or by somebody since.
    """
    annotations = vm["metadata"].get("annotations") or {}
    if annotations.get(CREATED_BY) != run_id:
        return False
    return started or (is_recorded(vm) and is_off(vm))


def awaited(expected: Capture, seen: Capture) -> list[str]:
    """What is not there yet, in words; a VM is there when it has the disks that it had, a claim when it is Bound."""
    found = []
    for resource, items in expected.objects.items():
        if resource == VOLUMES:
            continue
        there = seen.index(resource)
        for key, item in expected.index(resource).items():
            name = f"{items[0]['kind']}/{key}"
            if key not in there:
                found.append(name)
            elif resource == CLAIMS:
                phase = (there[key].get("status") or {}).get("phase", "unknown")
                found += [f"{name}, which is {phase}"] if phase != "Bound" else []
            elif resource == VMS:
                found += _disks(name, item, there[key])
    return found


def changes(expected: Capture, seen: Capture) -> list[str]:
    """Where VMs are not as recorded, apart from their power: worth knowing, and for their owner to judge."""
    there = seen.index(VMS)
    found = []
    for key, vm in expected.index(VMS).items():
        now = there.get(key, vm)["spec"]
        parts = sorted(
            part
            for part in (vm["spec"].keys() | now.keys()) - {"runStrategy", "running"}
            if vm["spec"].get(part) != now.get(part)
        )
        if parts:
            found.append(f"VirtualMachine/{key} is not as recorded: {', '.join(f'spec.{part}' for part in parts)}")
    return found


def populated(claims: set[str], data_volumes: Sequence[Object]) -> list[str]:
    """DataVolumes that write to one of these claims (keys): nothing may ever populate a replica (P2)."""
    found = []
    for item in data_volumes:
        key = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
        phase = str((item.get("status") or {}).get("phase", ""))
        if key in claims and phase.endswith(POPULATING):
            found.append(f"DataVolume/{key} is {phase}")
    return found


@dataclass(frozen=True)
class ExpectedVolume:
    """claim: its key. captured: the PV where it comes from. fields: what the rule sets at the target, by path."""

    claim: str
    captured: Object
    rule: VolumeRule
    fields: Mapping[tuple[str, ...], Any]

    @property
    def foretold(self) -> dict[str, Any]:
        """The PV with what the rule sets; what else the product names is not known before it comes."""
        body = copy.deepcopy(dict(self.captured))
        for path, value in self.fields.items():
            node = body["spec"]
            for name in path[:-1]:
                node = node.setdefault(name, {})
            node[path[-1]] = value
        return body


def expected_volume(
    pv: Object, pvc: Object, rules: Sequence[VolumeRule], target: str, vms: Sequence[str] = ()
) -> ExpectedVolume:
    """What the plan says of a volume at the target. Refused when no rule matches.

    Whether we could make it by patching does not matter: a product does.
    """
    rule, volume = match_rule(rules, pv, pvc, target, vms)
    claim = f"{pvc['metadata']['namespace']}/{pvc['metadata']['name']}"
    return ExpectedVolume(claim, pv, rule, filled(rule, target, volume))


def volume_problems(expected: ExpectedVolume, target: str, pvc: Object, pv: Object | None) -> list[str]:
    """P2 for a volume that we did not make: where it is not what the plan says it is at the target.

    What the rule sets must be so; the rest is the product's to name. Where the rule sets nothing, the whole source must
    be as it was.
    """
    if pv is None:
        return [f"its PersistentVolume {pvc['spec'].get('volumeName') or '(none)'} is absent"]
    bound = pv["spec"].get("claimRef") or {}
    claim = f"{bound.get('namespace')}/{bound.get('name')}"
    found = [] if claim == expected.claim else [f"claimRef is {claim}, wanted {expected.claim}"]
    before, now = expected.captured["spec"], pv["spec"]
    sources, others = source_names(before), source_names(now)
    if sources != others:
        return [*found, f"its source is {', '.join(others)}, wanted {', '.join(sources)}"]
    if not expected.fields:
        found += differences({"spec": {name: before[name] for name in sources}}, pv)
    found += _pinned(expected, now)
    found += [f"{text!r} is of the other site" for text in points_home([now], expected.rule, target)]
    return found


def _pinned(expected: ExpectedVolume, now: Object) -> Iterator[str]:
    before = expected.captured["spec"]
    wanted: dict[tuple[str, ...], Any] = {path: _at(before, path) for path in (("csi", "driver"), ("volumeMode",))}
    wanted.update(expected.fields)
    for path, value in wanted.items():
        seen = _at(now, path)
        if seen != value and value is not None:
            yield f"{field_name(path)} is {seen!r}, wanted {value!r}"


def _at(spec: Any, path: Sequence[str]) -> Any:
    for key in path:
        spec = spec.get(key) if isinstance(spec, Mapping) else None
    return spec


def _disks(name: str, recorded: Object, seen: Object) -> list[str]:
    wanted, has = set(claim_names(recorded)), set(claim_names(seen))
    if wanted == has:
        return []
    return [
        f"{name} with the claims {', '.join(sorted(wanted)) or '(none)'}: it has {', '.join(sorted(has)) or 'none'}"
    ]
