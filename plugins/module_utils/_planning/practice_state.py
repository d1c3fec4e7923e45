# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a persistent TPM or of EFI variables, which KubeVirt keeps on a claim of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._model.finding import Finding
from .vm_parts import Object, devices, domain, labels_of, title

STATE_OF = "persistent-state-for"


def keeps_state(vm: Object) -> list[str]:
    """What of a VM KubeVirt keeps on such a claim."""
    there = {
        "TPM": (devices(vm).get("tpm") or {}).get("persistent"),
        "EFI": _efi(vm).get("persistent"),
    }
    return [name for name, persistent in there.items() if persistent]


def unprotected_states(vms: Iterable[Object], claims: Iterable[Object], label: str) -> Iterator[Finding]:
    """claims: those of the plan's namespaces that hold a state. label: of what the plan protects."""
    kept = {
        (pvc["metadata"]["namespace"], labels_of(pvc).get(STATE_OF))
        for pvc in claims
        if labels_of(pvc).get(label) == "true"
    }
    for vm in vms:
        what = keeps_state(vm)
        meta = vm["metadata"]
        if what and (meta["namespace"], meta["name"]) not in kept:
            yield Finding(
                "blocker",
                "StateNotProtected",
                title(vm),
                f"its persistent {' and '.join(what)} state is on the claim labelled {STATE_OF}={meta['name']}, which "
                "the plan does not protect: keys that the guest sealed there (BitLocker, LUKS) are lost by a move",
                f"label that claim {label}=true and let a group select it; keep recovery keys elsewhere",
            )


def _efi(vm: Object) -> Object:
    found: Object = ((domain(vm).get("firmware") or {}).get("bootloader") or {}).get("efi") or {}
    return found
