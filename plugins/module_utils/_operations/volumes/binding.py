# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the claims and volumes of a run, and waiting until all are bound."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..._cluster.api import Object
from ..._cluster.bulk import BATCH, for_each
from ..._cluster.clock import Deadline
from ..._cluster.kinds import PV, PVC, Kind
from ..._cluster.watching import Watch
from ..._errors import Conflict, DrError, Timeout
from ..._model.names import CREATED_BY
from ..._planning.volumes.binding import VolumeChange, bound_uid, completion, for_claim
from ..run.session import Session

# what arrives in so many seconds is looked at together, and marked at once
GATHERED = 0.1
FORBIDDEN = 403


def bind(session: Session, changes: Sequence[VolumeChange], timeout: float) -> None:
    """Carry the changes out. Marks are set beside the other writes, as the PV controller gets on."""
    wake = threading.Condition()
    volumes = Watch(session.api, PV, None, wake, keep=bound_uid)
    claims = Watch(session.api, PVC, session.plan.namespaces, wake, keep=_phase)
    binding = _Binding(session, changes, volumes)
    try:
        if binding.unmarked:
            volumes.start()
        binding.reserve()
        for start in range(0, len(changes), BATCH):
            binding.create(changes[start : start + BATCH])
            binding.mark()
        binding.check_written()
        claims.start()
        wanted = {_key(change): change.decision.claim for change in changes}
        _await_bound(session, binding, wanted, claims, wake, timeout)
    finally:
        volumes.stop()
        claims.stop()


class _Binding:
    """unmarked: name of the PV to its change, for those that the PV controller has yet to bind.

    refused: of a mark, which is then left to the PV controller: a round of it takes 15 s.
    """

    def __init__(self, session: Session, changes: Sequence[VolumeChange], volumes: Watch) -> None:
        self._session = session
        self._changes = changes
        self._volumes = volumes
        self.unmarked = {change.name: change for change in changes if change.unmarked}
        self._uids = {change.name: change.uid for change in changes if change.uid is not None}
        self._failed: dict[str, tuple[VolumeChange, DrError]] = {}
        self._total = sum(change.creates + (change.patch is not None) + change.unmarked for change in changes)
        self._written = 0
        self.refused: DrError | None = None
        self._tell()

    def reserve(self) -> None:
        """Volumes that are there, before any claim: a claim whose volume the PV controller has not seen waits 15 s."""
        patched = [change for change in self._changes if change.patch is not None]
        self._each(patched, self._reserve)
        self._tell(len(patched))

    def create(self, changes: Sequence[VolumeChange]) -> None:
        self._each([change for change in changes if change.name not in self._failed], self._create_both)
        self._tell(sum(change.creates for change in changes))

    def mark(self) -> None:
        """Complete the bindings whose volume the PV controller has got to by now."""
        ready = self.ready()
        if not ready:
            return
        for change in ready:
            del self.unmarked[change.name]
        for _change, error in for_each(ready, self._mark, before_batch=self._session.verify_lock).failed:
            self.refused = error
            if error.status == FORBIDDEN:
                self.unmarked.clear()
        self._tell(len(ready))

    def ready(self) -> list[VolumeChange]:
        return [change for name, change in self.unmarked.items() if self._is_known(name)]

    def check_written(self) -> None:
        """Raise the first failure, when all the others are written."""
        for change, error in self._failed.values():
            if isinstance(error, Conflict) and change.patch is not None:
                error.next_step = "somebody changed it since it was read: start again"
            error.next_step = error.next_step or f"claim {change.decision.claim}: correct it, then start again"
            raise error

    def _is_known(self, name: str) -> bool:
        return name in self._uids and self._volumes.objects.get(("", name)) == self._uids[name]

    def _each(self, changes: Sequence[VolumeChange], call: Callable[[VolumeChange], None]) -> None:
        for change, error in for_each(changes, call, before_batch=self._session.verify_lock).failed:
            self._failed[change.name] = (change, error)
            self.unmarked.pop(change.name, None)

    def _reserve(self, change: VolumeChange) -> None:
        if change.patch is not None:
            self._session.api.patch(PV, change.name, None, change.patch)

    def _create_both(self, change: VolumeChange) -> None:
        if change.claim is not None:
            self._uids[change.name] = self._create(PVC, change.claim)["metadata"]["uid"]
        if change.volume is not None:
            self._create(PV, for_claim(change.volume, self._uids[change.name]))

    def _mark(self, change: VolumeChange) -> None:
        namespace, name = _key(change)
        self._session.api.patch(PVC, name, namespace, completion(self._uids[change.name]))

    def _create(self, kind: Kind, body: Object) -> Object:
        meta: dict[str, Any] = body["metadata"]
        annotations = {**meta.get("annotations", {}), CREATED_BY: self._session.run.id}
        return self._session.api.create(kind, {**body, "metadata": {**meta, "annotations": annotations}})

    def _tell(self, more: int = 0) -> None:
        self._written += more
        self._session.progress.emit("volumes written", self._written, self._total)


def _await_bound(
    session: Session,
    binding: _Binding,
    wanted: Mapping[tuple[str, str], str],
    claims: Watch,
    wake: threading.Condition,
    timeout: float,
) -> None:
    """wanted: namespace and name of the claims, to their keys."""
    deadline = Deadline(session.clock, timeout)

    def not_bound() -> list[tuple[str, str]]:
        return [key for key in wanted if claims.objects.get(key) != "Bound"]

    def is_new(known: int) -> bool:
        # the list itself is news where no claim is wanted
        return (claims.listed and len(not_bound()) < max(known, 1)) or bool(binding.ready())

    while True:
        with wake:
            left, listed, errors = not_bound(), claims.listed, [claims.error, binding.refused]
        first = [wanted[key] for key in heapq.nsmallest(5, left)]
        session.progress.emit("volumes bound", len(wanted) - len(left), len(wanted), waiting_for=", ".join(first[:3]))
        if not left and listed:
            return
        if deadline.over:
            raise Timeout(
                "wait for the claims to be bound",
                site=session.target,
                on=f"PersistentVolumeClaim/{first[0] if first else '(no answer)'}",
                seen="; ".join(
                    [f"{len(left)} are not Bound: {', '.join(first)}", *(str(error) for error in errors if error)]
                ),
                wanted="Bound",
                waited=deadline.elapsed,
                next_step="look at the claims' events, then start again",
            )
        binding.mark()
        with wake:
            # of what happened during the marks nobody is woken any more
            wake.wait_for(partial(is_new, len(left)), min(5.0, deadline.left + 0.01))
        session.clock.sleep(GATHERED)


def _key(change: VolumeChange) -> tuple[str, str]:
    meta = change.decision.pvc["metadata"]
    return meta["namespace"], meta["name"]


def _phase(claim: Object) -> Any:
    return claim.get("status", {}).get("phase")
