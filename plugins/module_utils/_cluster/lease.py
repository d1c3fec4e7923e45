# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's lock: a Lease at the target, and at the source where it is reachable (P6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .._errors import Conflict, NotFound, Refused
from .._model.run import gives_way, is_in_place
from .api import Api, Object
from .clock import Clock, Deadline
from .kinds import LEASE

DURATION = 30
# two renewals may fail before anybody takes over
RENEW_EVERY = 8.0
POLL = 1.0
# a killed run's module may renew once more before it notices that it is an orphan
LAST_GASPS = 1
ATTEMPT = "dr.ocpvirt.io/attempt"
RUN = "dr.ocpvirt.io/run"
NUMBER = "dr.ocpvirt.io/number"


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the run, its attempt (1, 2, ...), and the renewTime as written by the holder."""

    run_id: str
    attempt: int
    renewed: str

    @property
    def identity(self) -> str:
        return f"{self.run_id}#{self.attempt}"


Left = Callable[[str], bool]
"""Whether a run's lock was left behind: no record says that anybody finishes the run."""


class PlanLock:
    """The Lease of one plan at one site. number: of the run that takes it, see `Run`; 0 of what is no run."""

    def __init__(
        self,
        api: Api,
        namespace: str,
        plan: str,
        clock: Clock | None = None,
        left: Left = lambda _run_id: False,
        number: int = 0,
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._name = f"plan-{plan}"
        self._clock = clock or api.clock
        self._left = left
        self._number = number
        self._on = f"Lease/{namespace}/{self._name}"

    def holder(self) -> Holder | None:
        lease = self._api.find(LEASE, self._name, self._namespace)
        return _holder(lease) if lease else None

    def newest_number(self) -> int:
        """Of the runs that took this lock, whether their records are still there or not; 0 where none did."""
        lease = self._api.find(LEASE, self._name, self._namespace)
        found = (lease["metadata"].get("annotations") or {}).get(NUMBER, "") if lease else ""
        return int(found) if found.isdecimal() else 0

    def take(self, run_id: str, attempt: int) -> str | None:
        """Take a free lock, or that of an earlier attempt of the same run once it is provably not renewed any more.

        A lock that another run holds is refused at once. The refresh of a stage and a rehearsal give way: their next
        batch of writes is refused. To each other they do so only once it is not renewed any more; so does a start or
        stop to all, as the same command could not end it where its site was lost; and so does a lock that was left
        behind. Returns the run whose lock that was.
        """
        lease = self._api.find(LEASE, self._name, self._namespace)
        holder = _holder(lease) if lease else None
        outlasted = None
        if holder is not None and holder.run_id != run_id:
            if self._left(holder.run_id):
                lease, outlasted = self._outlasted(holder), holder.run_id
            elif gives_way(holder.run_id) and not gives_way(run_id):
                self._displace(run_id, attempt)
                return None
            elif gives_way(holder.run_id) or is_in_place(holder.run_id):
                lease = self._expired(holder.run_id)
            else:
                raise self._held(holder)
        elif holder is not None and holder.attempt != attempt:
            lease = self._expired(run_id)
        self._write(lease, run_id, attempt)
        return outlasted

    def follow(self, run_id: str, attempt: int, outlasted: str | None = None) -> None:
        """Take the lock at a site where it is not authoritative, by a run that holds the one that is.

        There an earlier attempt of this run, or what `take` returned, was waited out already: to wait here too would
        double the time.
        """
        holder = self.holder()
        if holder is not None and holder.run_id in (run_id, outlasted):
            self._displace(run_id, attempt, outlasted)
        else:
            self.take(run_id, attempt)

    def verify(self, run_id: str, attempt: int) -> None:
        """Refuse unless this very attempt still holds the lock."""
        holder = self.holder()
        if holder is None or (holder.run_id, holder.attempt) != (run_id, attempt):
            raise _taken(self._api.site, self._on, holder, run_id, attempt)

    def renew(self, run_id: str, attempt: int, seconds: int = DURATION) -> None:
        """Write renewTime; a longer duration covers a step that is not ours."""
        try:
            lease = self._api.get(LEASE, self._name, self._namespace)
        except NotFound as error:
            raise _taken(self._api.site, self._on, None, run_id, attempt) from error
        holder = _holder(lease)
        if holder is None or (holder.run_id, holder.attempt) != (run_id, attempt):
            raise _taken(self._api.site, self._on, holder, run_id, attempt)
        lease["spec"] |= {"renewTime": self._now(), "leaseDurationSeconds": seconds}
        self._api.replace(LEASE, lease)

    def release(self, run_id: str, attempt: int) -> None:
        """Free the lock if this attempt holds it."""
        while True:
            lease = self._api.find(LEASE, self._name, self._namespace)
            holder = _holder(lease) if lease else None
            if lease is None or holder is None or (holder.run_id, holder.attempt) != (run_id, attempt):
                return
            lease["spec"]["holderIdentity"] = ""
            try:
                self._api.replace(LEASE, lease)
            except Conflict:
                # our own renewal came between, or a takeover: look again
                continue
            return

    def _displace(self, run_id: str, attempt: int, outlasted: str | None = None) -> None:
        """Write over a run that gives way, which may renew in this moment, or over what was waited out elsewhere."""
        while True:
            lease = self._api.find(LEASE, self._name, self._namespace)
            holder = _holder(lease) if lease else None
            if holder is not None and holder.run_id not in (run_id, outlasted) and not gives_way(holder.run_id):
                raise self._held(holder)
            try:
                self._put(lease, run_id, attempt)
            except Conflict:
                continue
            return

    def _expired(self, run_id: str) -> Object | None:
        """Wait until renewTime did not move for the lease's duration, on our own clock.

        A holder that goes on renewing is alive, and refused.
        """
        previous: Holder | None = None
        renewals = -1
        while True:
            lease = self._api.find(LEASE, self._name, self._namespace)
            holder = _holder(lease) if lease else None
            if lease is None or holder is None:
                return lease
            if holder.run_id != run_id:
                raise self._held(holder)
            if holder != previous:
                previous, renewals = holder, renewals + 1
                if renewals > LAST_GASPS:
                    raise self._held(holder)
                unchanged = Deadline(self._clock, lease["spec"].get("leaseDurationSeconds", DURATION))
            if unchanged.over:
                return lease
            self._clock.sleep(POLL)

    def _outlasted(self, left: Holder) -> Object | None:
        """Wait for a lock that was left behind; one that meanwhile was freed, or has a record, was not."""
        lease = self._expired(left.run_id)
        if lease is None or _holder(lease) is None or not self._left(left.run_id):
            raise self._held(left)
        return lease

    def _held(self, holder: Holder) -> Refused:
        renewed = "never renewed"
        if holder.renewed:
            age = (self._clock.now() - datetime.fromisoformat(holder.renewed)).total_seconds()
            renewed = f"renewed {age:.0f} s ago by our clock"
        return Refused(
            "take the plan's lock",
            site=self._api.site,
            on=self._on,
            seen=f"held by run {holder.run_id}, attempt {holder.attempt}, {renewed}",
            wanted="no other run on this plan",
            next_step="wait until that run has ended; if it was killed, start its playbook again to finish it",
        )

    def _write(self, lease: Object | None, run_id: str, attempt: int) -> None:
        try:
            self._put(lease, run_id, attempt)
        except Conflict as error:
            raise _taken(self._api.site, self._on, self.holder(), run_id, attempt) from error

    def _put(self, lease: Object | None, run_id: str, attempt: int) -> None:
        body: Object = lease or {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": {},
        }
        own = {RUN: run_id, ATTEMPT: str(attempt)} | ({NUMBER: str(self._number)} if self._number else {})
        body["metadata"].setdefault("annotations", {}).update(own)
        body["spec"] |= {
            "holderIdentity": f"{run_id}#{attempt}",
            "leaseDurationSeconds": DURATION,
            "acquireTime": self._now(),
            "renewTime": self._now(),
            "leaseTransitions": body["spec"].get("leaseTransitions", 0) + 1,
        }
        self._api.replace(LEASE, body) if lease else self._api.create(LEASE, body)

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _holder(lease: Object) -> Holder | None:
    identity = lease["spec"].get("holderIdentity")
    if not identity:
        return None
    run_id, _separator, attempt = identity.rpartition("#")
    if not run_id or not attempt.isdecimal():
        # not written by us
        run_id, attempt = identity, "0"
    return Holder(run_id, int(attempt), lease["spec"].get("renewTime", ""))


def _taken(site: str, on: str, holder: Holder | None, run_id: str, attempt: int) -> Refused:
    return Refused(
        "go on with the run",
        site=site,
        on=on,
        seen=f"held by {holder.identity}" if holder else "nobody holds the lock",
        wanted=f"held by {run_id}#{attempt}",
        next_step="another attempt took over, or the lock was removed: start the playbook again",
    )
