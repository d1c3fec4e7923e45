# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs as a stop drives them: halted by their own strategy, and forced off where that is allowed (P3, P7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import VM, VMI
from ..._cluster.unchanged import patch_unchanged
from ..._errors import Conflict, DrError, NotFound
from ..._model.names import RECORDED
from ..._model.recorded import is_recorded
from ..._model.vm import is_off, off_fields, own_power, power_record
from ..._model.vmi_state import vmi_state
from ..inventory.protected import key_of
from ..run.session import Session

SUBRESOURCES = "/apis/subresources.kubevirt.io/v1"
# KubeVirt lets the guest go on by itself then, should we be killed before
UNFREEZE_AFTER = "5m0s"


def halt(api: Api, vm: Object) -> None:
    """Off by its own strategy, with what it was written on it first in the same patch.

    One that somebody deletes meanwhile ends by that; whatever is left of it is waited for like the rest.
    """

    def decide(seen: Object) -> Object:
        own = own_power(seen)
        # what runs tells what it is, also where somebody wrote on it what nobody can read
        power = own if own.running else power_record(seen)
        return {"metadata": {"annotations": {RECORDED: power.as_annotation()}}, "spec": off_fields(seen)}

    with suppress(NotFound):
        patch_unchanged(api, VM, vm, decide)


def is_halted(vm: Mapping[str, Any]) -> bool:
    """As `halt` leaves it."""
    return is_recorded(vm) and is_off(vm)


class ForcedOff:
    """VMs that did not stop in time lose their power. freeze: their file systems are brought to rest before.

    done: what became of each, in words. count: of those whose power was taken.
    """

    def __init__(self, session: Session, api: Api, freeze: bool) -> None:
        self._session = session
        self._api = api
        self._freeze = freeze
        self._frozen: list[str] = []
        self.done: list[str] = []
        self.count = 0

    def force(self, keys: Iterable[str]) -> None:
        """Ask KubeVirt to end these VMs (keys) without any patience; raises what it answered if it would not."""
        outcome = for_each(sorted(keys), self._force, before_batch=self._session.verify_lock)
        self.done += [said for _key, (_taken, said) in outcome.done]
        self.count += sum(taken for _key, (taken, _said) in outcome.done)
        for _key, error in outcome.failed:
            raise error

    def unfreeze(self) -> None:
        """Let the guests go on that are there all the same. Those that are gone answer that they are absent."""
        left, self._frozen = self._frozen, []
        for key, error in for_each(left, lambda key: self._put(VMI.plural, key, "unfreeze", {})).failed:
            if not isinstance(error, NotFound | Conflict):
                self.done.append(f"{key}: goes on by itself {UNFREEZE_AFTER} after it was frozen: {error}")

    def _force(self, key: str) -> tuple[bool, str]:
        frozen = self._try_to_freeze(key) if self._freeze else ""
        try:
            self._put(VM.plural, key, "stop", {"gracePeriod": 0})
        except (Conflict, NotFound):
            return False, f"{key}: was about to end"
        return True, f"{key}: forced off{frozen}"

    def _try_to_freeze(self, key: str) -> str:
        """A guest that hangs cannot be frozen, and is forced off as it is."""
        namespace, name = key.split("/")
        vmi = self._api.find(VMI, name, namespace)
        if vmi is None or not vmi_state(vmi).agent:
            return ", not frozen: its guest agent is not connected"
        self._frozen.append(key)
        try:
            self._put(VMI.plural, key, "freeze", {"unfreezeTimeout": UNFREEZE_AFTER})
        except DrError as error:
            return f", not frozen: {error.seen or error}"
        return ", frozen before"

    def _put(self, plural: str, key: str, verb: str, body: Object) -> None:
        namespace, name = key.split("/")
        kind = VM.kind if plural == VM.plural else VMI.kind
        path = f"{SUBRESOURCES}/namespaces/{namespace}/{plural}/{name}/{verb}"
        self._api.put_subresource(path, body, f"{kind}/{key}")


def to_halt(vms: Iterable[Object], keys: set[str]) -> list[Object]:
    """Those among them that are not yet as `halt` leaves them."""
    return [vm for vm in vms if key_of(vm) in keys and not is_halted(vm)]
