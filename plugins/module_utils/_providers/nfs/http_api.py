# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An NFS server with a replication API over HTTP, as the lab's servers have it."""

from __future__ import annotations

import json
from typing import Any

from ..._cluster.clock import Clock
from ..._cluster.patience import PASSING, patiently, seconds_of
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, DrError, Failed, NotFound, Refused, TerminalState, Unreachable, Unsupported
from ..foretelling import WouldChange
from .remedies import with_remedy
from .transfer import transfer_within

try:
    import urllib3
    from urllib3.exceptions import HTTPError

    POOL = urllib3.PoolManager(num_pools=8, maxsize=16)
except ImportError:
    # connecting to a site has reported it before a provider is used
    HTTPError = OSError  # type: ignore[assignment, misc]

CONNECT_TIMEOUT = 5.0
# asked of a site that may be dead: it must not hold a failover up
STATUS_TIMEOUT = 5.0
SHORTEST_TIMEOUT = 0.1
# a change of role waits 15 s for a snapshot that is being applied, then says so
READ_TIMEOUT = 20.0
# how long a verb is repeated while the server restarts or is busy: doing it twice is doing it once
PATIENCE = 30.0
# a final sync or a resync sends and hashes all data
TRANSFER = 3600.0

# without a reason of the API's own: the server does not have that verb
NO_API = (404, 405)

ERRORS: dict[str, type[DrError]] = {
    "NotFound": NotFound,
    "Busy": Conflict,
    "PeerUnreachable": Unreachable,
    "Diverged": TerminalState,
}


def all_exports(site: str, url: str, patience: float | None = None) -> dict[str, dict[str, Any]]:
    """name to status of every export of a server."""
    listed = look(Clock(), site, "its exports", f"{url.rstrip('/')}/v1/exports", patience)
    return {export["name"]: export for export in listed["exports"]}


class HttpControl:
    """One export; see `NfsControl`."""

    def __init__(
        self,
        site: str,
        url: str,
        export: str,
        transfer: float,
        clock: Clock | None = None,
        patience: float | None = None,
        foretells: bool = False,
    ) -> None:
        """transfer: seconds that a final sync or a resync may take; patience: of a look, if less than usual.

        foretells: see `SiteHandle`.
        """
        self._foretells = foretells
        self._site = site
        self._patience = patience
        self._transfer = transfer
        self._url = f"{url.rstrip('/')}/v1/exports/{export}"
        self._export = export
        self._clock = clock or Clock()

    def look(self) -> dict[str, Any]:
        return look(self._clock, self._site, f"export {self._export}", self._url, self._patience)

    def status(self) -> dict[str, Any]:
        return self._call("GET", "", read_timeout=STATUS_TIMEOUT)

    def create(self, role: str, peer: str, interval: int) -> bool:
        """Whether something was changed. An existing export keeps its role; its settings follow the plan."""
        try:
            seen = self.status()
        except NotFound:
            self._put(role, peer, interval)
            return True
        if (seen["peer"], seen["interval_seconds"]) == (peer.rstrip("/"), interval):
            return False
        self._put(seen["role"], peer, interval)
        return True

    def remove(self) -> bool:
        """A primary loses its peer and stays exported, as its VMs use it; a secondary is withdrawn."""
        try:
            seen = self.status()
        except NotFound:
            return False
        if seen["role"] == "primary":
            if not seen["peer"]:
                return False
            self._put("primary", "", seen["interval_seconds"])
        else:
            self._call("DELETE", "")
        return True

    def _put(self, role: str, peer: str, interval: float) -> None:
        self._call("PUT", "", {"role": role, "peer": peer, "interval_seconds": interval})

    def promote(self, forced: bool) -> dict[str, Any]:
        return self._call("POST", "/promote", {"force": forced})

    def rule_out(self) -> None:
        """The API has no verb for it."""

    def demote(self) -> None:
        self._call("POST", "/demote", {})

    def sync(self) -> dict[str, Any]:
        with transfer_within(self._transfer, self._clock, self.status):
            return self._call("POST", "/sync", {}, self._transfer)

    def resync(self) -> None:
        self._call("POST", "/resync", {})
        on = f"export {self._export}"
        wait_for(self._clock, self._transfer, self._resynced, "wait for the resynchronisation", self._site, on)

    def _resynced(self) -> tuple[bool, str]:
        seen = self.status()
        if seen["health"] == "error":
            raise TerminalState("resynchronise", site=self._site, on=f"export {self._export}", seen=seen["error"])
        state = f"health {seen['health']} {seen['error']}".strip()
        return not seen["resyncing"] and seen["health"] == "healthy", state

    def set_paused(self, paused: bool) -> None:
        self._call("POST", "/pause" if paused else "/resume", {})

    def clone(self, name: str) -> dict[str, Any]:
        try:
            return self._call("PUT", f"/clones/{name}", {}, self._transfer)
        except Failed as error:
            if error.status not in NO_API:
                raise
            raise Unsupported(
                "copy the export",
                site=self._site,
                on=f"export {self._export}",
                seen=f"the server's replication API has no clones: {error.seen}",
                wanted="PUT and DELETE of clones/NAME",
                next_step="docs/providers/nfs.md says what a server has to offer for rehearsals",
            ) from error

    def unclone(self, name: str) -> bool:
        try:
            self._call("DELETE", f"/clones/{name}", None, self._transfer)
        except NotFound:
            return False
        except Failed as error:
            if error.status in NO_API:
                return False
            raise
        return True

    def _call(self, method: str, verb: str, body: Any = None, read_timeout: float = READ_TIMEOUT) -> dict[str, Any]:
        if self._foretells and method != "GET":
            raise WouldChange

        def send(_left: float) -> dict[str, Any]:
            limit = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout)
            return _send(self._site, f"export {self._export}", method, f"{self._url}{verb}", body, limit)

        return patiently(self._clock, PATIENCE, send, _passes)


def look(clock: Clock, site: str, on: str, url: str, patience: float | None = None) -> dict[str, Any]:
    """Of a site that may be dead: who refuses the connection is not asked again, only who answers that it is busy."""
    seconds = STATUS_TIMEOUT if patience is None else min(STATUS_TIMEOUT, patience)

    def send(left: float) -> dict[str, Any]:
        return _send(site, on, "GET", url, None, urllib3.Timeout(total=max(SHORTEST_TIMEOUT, left)))

    return patiently(clock, seconds, send, lambda error: error.status in PASSING and _passes(error))


def _passes(error: DrError) -> bool:
    """What the server says of the export in its own words stays as it is, but for Busy."""
    if isinstance(error, Unreachable):
        return error.status is None
    return isinstance(error, Conflict) or (isinstance(error, Failed) and error.status in PASSING)


def _send(site: str, on: str, method: str, url: str, body: Any, limit: Any) -> dict[str, Any]:
    tried = f"{method} {url}"
    try:
        response = POOL.request(
            method,
            url,
            body=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            timeout=limit,
            retries=False,
        )
    except HTTPError as error:
        raise Unreachable(tried, site=site, on=on, seen=f"{type(error).__name__}: {error}") from error
    answer = _decode(response.data)
    if response.status < 300:
        return answer
    refusal = answer.get("error", {})
    reason = str(refusal.get("reason", ""))
    default = Refused if response.status == 409 else Failed
    refused = ERRORS.get(reason, default)(
        tried,
        site=site,
        on=on,
        seen=refusal.get("message") or response.data.decode(errors="replace")[:300],
        status=response.status,
        retry_after=seconds_of(response.headers.get("Retry-After")),
    )
    raise with_remedy(refused, url.rpartition("/")[2], reason)


def _decode(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data) if data else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
