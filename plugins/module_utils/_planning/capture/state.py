# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a capture holds what no manifest names: persistent TPM and EFI state, and the namespaces themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..._model.capture import Capture
from ..._model.finding import Finding
from ..._model.vm import power_record
from ..._model.vm_needs import STATE_OF, keeps_state, state_claims


def uncaptured_states(capture: Capture) -> Iterator[Finding]:
    """A VM that was never started has no such claim yet; one that runs has."""
    states = state_claims(capture.index("persistentvolumeclaims"))
    for key, vm in sorted(capture.index("virtualmachines.kubevirt.io").items()):
        what, name = keeps_state(vm), vm["metadata"]["name"]
        if what and key not in states and power_record(vm).running:
            yield Finding(
                "blocker",
                "StateNotCaptured",
                f"VirtualMachine/{key}",
                f"its persistent {' and '.join(what)} state is on the claim labelled {STATE_OF}={name}, which is not in"
                " the capture: keys that the guest sealed there are lost",
                "run protect, which labels that claim, then a new capture",
            )


def uncaptured_namespaces(capture: Capture) -> Iterator[Finding]:
    """Their labels and annotations say which pods they admit, and as whom these run."""
    known = capture.index("namespaces")
    used = {vm["metadata"]["namespace"] for vm in capture.index("virtualmachines.kubevirt.io").values()}
    for name in sorted(used - known.keys()):
        yield Finding(
            "warning",
            "NamespaceNotCaptured",
            f"Namespace/{name}",
            "it is not in the capture: where the target lacks it, it is made without its labels and annotations "
            "(pod security, SCC ranges)",
            "create it at the target as it is at the source, or run a new capture",
        )
