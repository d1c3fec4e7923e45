# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a persistent TPM or of EFI variables, which KubeVirt keeps on a claim of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..._model.finding import Finding
from ..._model.vm import own_power
from ..._model.vm_needs import STATE_OF, keeps_state, state_claims
from ..vm.parts import Object, key_of, labels_of, title


def unprotected_states(vms: Iterable[Object], claims: Mapping[str, Object], label: str) -> Iterator[Finding]:
    """claims: by key, among them those that hold a state. label: of what the plan protects.

    A VM that was never started has no such claim yet; one that runs has.
    """
    states = state_claims(claims)
    for vm in vms:
        what = keeps_state(vm)
        name, own = vm["metadata"]["name"], states.get(key_of(vm), ())
        protected = all(labels_of(claims[key]).get(label) == "true" for key in own)
        if what and (not protected or (not own and own_power(vm).running)):
            yield Finding(
                "blocker",
                "StateNotProtected",
                title(vm),
                f"its persistent {' and '.join(what)} state is on the claim labelled {STATE_OF}={name}, which "
                "the plan does not protect: keys that the guest sealed there (BitLocker, LUKS) are lost by a move",
                "run protect, which labels it; a group has to select it. Keep recovery keys elsewhere",
            )
