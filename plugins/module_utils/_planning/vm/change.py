# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a VM at a target: created, updated from an earlier stay of the plan there, or kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..._errors import Refused
from ..._model.names import ADOPTED, CREATED_BY, NO_IMPORT, PREFIX, RECORDED, protected_label
from ..._model.recorded import is_recorded
from ..._model.vm import is_off, power_record
from .identity import identity_kept

POWER = ("runStrategy", "running")


@dataclass(frozen=True)
class VmChange:
    """body: what is written, for create and update. why: for people, empty where nothing is noteworthy."""

    verb: Literal["create", "update", "keep"]
    body: dict[str, Any]
    why: str = ""


def decide_vm(
    wanted: dict[str, Any],
    seen: Mapping[str, Any] | None,
    run_id: str,
    plan: str,
    taken: Collection[str] = (),
    runs: bool = True,
) -> VmChange:
    """wanted: the halted VM of the capture. seen: what the target has of that name.

    taken: uids of those that the run found as captured, and has started since. runs: whether it has a VMI.
    """
    if seen is None:
        return VmChange("create", wanted)
    meta = seen["metadata"]
    annotations = meta.get("annotations") or {}
    creator = annotations.get(CREATED_BY)
    if creator == run_id or (meta.get("uid") or "") in taken:
        # an earlier attempt of this run; it may run by now
        return VmChange("keep", wanted)
    name = f"VirtualMachine/{wanted['metadata']['namespace']}/{wanted['metadata']['name']}"
    if not replaceable(seen, plan, runs):
        raise Refused(
            "create the VM",
            on=name,
            seen="one of that name exists at the target" + (f", created by run {creator}" if creator else ""),
            wanted=f"absent, or halted by a run of plan {plan} that took it away from there",
            next_step="it was not touched: remove it if it is a leftover, then start again",
        )
    changed = _changed(wanted, seen)
    if not changed:
        return VmChange("keep", wanted, f"{name} is adopted: it is as captured")
    kept = {key: meta[key] for key in ("uid", "resourceVersion", "finalizers", "ownerReferences") if key in meta}
    why = f"{name} is updated to the capture: {', '.join(changed)}"
    return VmChange("update", {**wanted, "metadata": {**wanted["metadata"], **kept}}, why)


def replaceable(seen: Mapping[str, Any], plan: str, runs: bool = True) -> bool:
    """Whether a run of the plan has halted it: then the capture may take its place.

    One that somebody asked to start since, and that does not run, may be halted again: the latch has refused it.
    """
    meta = seen["metadata"]
    ours = (meta.get("labels") or {}).get(protected_label(plan)) == "true"
    return ours and is_recorded(seen) and (is_off(seen) or not runs)


def _changed(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """What is to be written, in words."""
    # a UUID that follows from the name is the same, written out or not
    captured, present = identity_kept(wanted)["spec"], identity_kept(seen)["spec"]
    parts = sorted(
        key for key in captured.keys() | present.keys() if key not in POWER and captured.get(key) != present.get(key)
    )
    changed = [f"spec.{part}" for part in parts]
    changed += [part for part in ("labels", "annotations") if _owners(wanted, part) != _owners(seen, part)]
    now, before = power_record(wanted), power_record(seen)
    if now != before:
        changed.append(
            f"power {before.run_strategy} to {now.run_strategy}" if now.running == before.running else "power"
        )
    elif not is_off(seen):
        changed.append("it was asked to start")
    imports = seen["spec"].get("dataVolumeTemplates") and NO_IMPORT not in (seen["metadata"].get("annotations") or {})
    if imports and not changed:
        changed.append(NO_IMPORT)
    return changed


def _owners(vm: Mapping[str, Any], part: str) -> dict[str, str]:
    """Labels or annotations as the VM's owner wrote them, with those of ours that he writes too."""
    found = vm["metadata"].get(part) or {}
    written = (ADOPTED, RECORDED, CREATED_BY)
    return {
        key: value
        for key, value in found.items()
        if key not in written
        and (key.startswith(PREFIX) or "kubevirt.io/" not in key)
        and not key.startswith("kubectl.kubernetes.io/")
    }
