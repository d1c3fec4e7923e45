# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary Linux NFS server, reached by OpenSSH and replicated by rsync: every verb is one call of the agent."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from ..._cluster.clock import Clock
from ..._cluster.patience import patiently
from ..._errors import Conflict, DrError, Failed, NotFound, Refused, TerminalState, Unreachable
from ..command import Answer, Runner, run_command
from ..foretelling import WouldChange
from .remedies import with_remedy
from .ssh_agent import AGENT
from .ssh_options import Server
from .transfer import transfer_within

# asked of a site that may be dead: it must not hold a failover up
STATUS_TIMEOUT = 12.0
COMMAND_TIMEOUT = 60.0
# how long a connection is tried again that sshd drops, because it restarts or many come at once
PATIENCE = 30.0
# a final sync or a resync sends and hashes all data
TRANSFER = 6 * 3600.0

SSH = ["ssh", "-T"]
SSH += [word for option in ("BatchMode=yes", "ConnectTimeout=5", "ServerAliveInterval=5") for word in ("-o", option)]
# ssh's own failures, such as no answer and a refused key
SSH_FAILED = 255
# what no repetition changes
FINAL_WORDS = ("permission denied", "host key verification failed", "could not resolve hostname")
CONNECT = (
    "see that the server is up and that ssh reaches it from where the playbook runs, without a prompt; start again"
)
# seconds until a busy server is asked again
BUSY_PAUSE = 1.0
# The agent is read as a whole before it runs: what it calls must not find the rest of it on stdin.
BOOTSTRAP = 'agent=$(cat) && eval "$agent"'

ERRORS: dict[str, type[DrError]] = {
    "NotFound": NotFound,
    "Busy": Conflict,
    "Exists": Conflict,
    "PeerUnreachable": Unreachable,
    "Diverged": TerminalState,
    "NotSecondary": Refused,
    "PeerIsPrimary": Refused,
    "NotSynced": Refused,
    "NoCopy": Refused,
    "HalfResynced": Refused,
    "Invalid": Refused,
}


class SshControl:
    """One export; see `NfsControl`. there: the options of the other site, whose server this one replicates with."""

    def __init__(
        self,
        site: str,
        export: str,
        here: Mapping[str, Any],
        there: Mapping[str, Any],
        transfer: float,
        run: Runner = run_command,
        clock: Clock | None = None,
        foretells: bool = False,
    ) -> None:
        """transfer: seconds that a final sync or a resync may take. foretells: see `SiteHandle`."""
        self._foretells = foretells
        self._clock = clock or Clock()
        self._site = site
        self._transfer = transfer
        self._run = run
        self._export = export
        self._here = Server.read(site, export, here)
        self._there = Server.read(f"the other site of {site}", export, there)

    def look(self) -> dict[str, Any]:
        return judged(self._call(STATUS_TIMEOUT, "status", patience=0))

    def status(self) -> dict[str, Any]:
        return judged(self._call(STATUS_TIMEOUT, "status"))

    def create(self, role: str, peer: str, interval: int) -> bool:
        """Whether something was changed. An existing export keeps its role; its settings follow the plan."""
        here, there = self._here, self._there
        if self._foretells and self._is_set_up(peer, interval):
            return False
        settings = [here.path, here.clients, here.export_options, peer, there.state_dir, there.peer_ssh_options]
        answer = self._call(
            COMMAND_TIMEOUT, "create", role, *settings, str(int(interval)), here.exports_dir, here.cron_dir
        )
        return bool(answer["changed"])

    def _is_set_up(self, peer: str, interval: int) -> bool:
        """As the agent has noted it, which finds out more: whether its files are as it has written them."""
        facts = self._call(STATUS_TIMEOUT, "status")
        here, there = self._here, self._there
        wanted = {
            "path": here.path,
            "clients": here.clients,
            "export_options": here.export_options,
            "peer": peer,
            "peer_state_dir": there.state_dir,
            "peer_ssh_options": there.peer_ssh_options,
            "interval_asked": str(int(interval)),
            "exports_dir": here.exports_dir,
            "cron_dir": here.cron_dir,
        }
        return all(facts[name] == value for name, value in wanted.items())

    def remove(self) -> bool:
        return bool(self._call(COMMAND_TIMEOUT, "remove")["changed"])

    def promote(self, forced: bool) -> dict[str, Any]:
        self._call(COMMAND_TIMEOUT, "promote", "force" if forced else "orderly")
        return self.status()

    def rule_out(self) -> None:
        self._call(COMMAND_TIMEOUT, "rule_out")

    def demote(self) -> None:
        self._call(COMMAND_TIMEOUT, "demote")

    def sync(self) -> dict[str, Any]:
        with transfer_within(self._transfer, self._clock, self.status):
            return self._call(self._transfer, "sync")

    def resync(self) -> None:
        with transfer_within(self._transfer, self._clock, self.status):
            self._call(self._transfer, "resync")

    def set_paused(self, paused: bool) -> None:
        self._call(COMMAND_TIMEOUT, "pause" if paused else "resume")

    def clone(self, name: str) -> dict[str, Any]:
        return self._call(self._transfer, "clone", name)

    def unclone(self, name: str) -> bool:
        return bool(self._call(self._transfer, "unclone", name)["changed"])

    def _call(self, deadline: float, verb: str, *arguments: str, patience: float = PATIENCE) -> dict[str, Any]:
        if self._foretells and verb != "status":
            raise WouldChange
        tried = f"{verb} by ssh to {self._here.ssh}"
        on = f"export {self._export}"
        remote = shlex.join(["sh", "-c", BOOTSTRAP, "agent", self._here.state_dir, verb, self._export, *arguments])

        def ask(_left: float) -> dict[str, Any]:
            try:
                done = self._run([*SSH, *self._here.ssh_options, self._here.ssh, remote], deadline, AGENT.encode())
            except DrError as error:
                error.tried, error.site, error.on = tried, self._site, on
                error.next_step = error.next_step or CONNECT
                raise
            if done.code == SSH_FAILED:
                raise Unreachable(tried, site=self._site, on=on, seen=_seen(done), next_step=CONNECT)
            answer = _last_object(done.stdout)
            if done.code == 0 and answer is not None:
                return answer
            if answer is not None and "error" in answer:
                reason, seen = answer["error"]["reason"], answer["error"]["message"]
                again = BUSY_PAUSE if reason == "Busy" else None
                refusal = ERRORS.get(reason, Failed)(tried, site=self._site, on=on, seen=seen, retry_after=again)
                raise with_remedy(refusal, verb, reason)
            raise Failed(tried, site=self._site, on=on, seen=_seen(done))

        return patiently(self._clock, patience, ask, _passes)


def _seen(done: Answer) -> str:
    return f"exit status {done.code}: {done.last_words}"


def _passes(error: DrError) -> bool:
    """A connection that failed, and a server that is busy; not that the peer gave it no answer."""
    said = (error.seen or "").lower()
    connecting = isinstance(error, Unreachable) and error.next_step == CONNECT
    return error.retry_after is not None or (connecting and not any(words in said for words in FINAL_WORDS))


def judged(facts: Mapping[str, str]) -> dict[str, Any]:
    """The status that the agent's facts amount to."""
    health, error = _health(facts)
    return {
        "name": facts["name"],
        "path": facts["path"],
        "role": _role(facts),
        "health": health,
        "direction": _direction(facts),
        "peer": facts["peer"],
        "interval_seconds": int(facts["interval"]),
        "interval_asked": int(facts["interval_asked"]),
        "paused": facts["paused"] == "yes",
        "last_sync": facts["last_sync"] or None,
        # rsync reads a file later than that, so the copy may hold more
        "last_sync_source": "start of the last whole transfer",
        "last_sync_by": "rsync",
        "recovery_point": facts["recovery_point"] or None,
        "peer_reachable": facts["reason"] != "PeerUnreachable",
        "epoch": int(facts["epoch"].split("-")[0] or 0),
        "epoch_id": facts["epoch"],
        "synced": bool(facts["synced"]),
        "resyncing": facts["resyncing"] == "yes",
        "error": error,
    }


def _role(facts: Mapping[str, str]) -> str:
    """Secondary is what nobody can write to: not what is being promoted, or was when its server died (P1)."""
    unsettled = facts["changing"] == "yes" or facts["published"] == "rw"
    return "unknown" if facts["role"] == "secondary" and unsettled else facts["role"]


def _direction(facts: Mapping[str, str]) -> str:
    if facts["diverged"]:
        return "none"
    if facts["role"] == "primary":
        return "outgoing"
    # promoted with the word of this side, it has all and sends when cron says so; by force it would be in another epoch
    follows = facts["synced"] and facts["there_role"] == "primary" and facts["there_epoch"] == facts["epoch"]
    return "none" if facts["source"] == "yes" and not follows else "incoming"


def _health(facts: Mapping[str, str]) -> tuple[str, str]:
    """And all that is wrong. A demoted side is healthy once its final sync is proven."""
    demoted = facts["role"] == "secondary" and facts["source"] == "yes"
    # after 3 intervals and the minute that cron may be late
    oldest = 3 * int(facts["interval"]) + 60
    replicating = "primary" in (facts["role"], facts["there_role"])
    stale = replicating and not demoted and facts["age"] != "" and int(facts["age"]) > oldest
    other_epoch = facts["epoch"] and facts["there_epoch"] and facts["epoch"] != facts["there_epoch"]
    if facts["mounted"] != "yes":
        return "error", f"{facts['path']} has lost the file .ocpvirt-dr: its file system is not mounted"
    if facts["diverged"]:
        return "diverged", facts["diverged"]
    cut_off = facts["role"] == "secondary" and facts["published"] == "rw"
    problems = {
        facts["message"]: facts["reason"] != "",
        f"{facts['peer']} is {facts['there_role']} in epoch {facts['there_epoch']} and needs a resync": other_epoch,
        "replication is paused": facts["paused"] == "yes",
        facts["problem"]: facts["problem"] != "",
        "its role is being changed": facts["changing"] == "yes",
        "it is secondary, and exported rw: a promotion was cut off": cut_off,
        "the resync has not completed": facts["resyncing"] == "yes",
        "demoted, and the final sync has not completed": demoted and not facts["synced"],
        "nothing has reached the secondary as a whole yet": not demoted and not facts["last_sync"],
        f"the newest copy at the secondary is older than {oldest} s": stale,
    }
    found = [text for text, holds in problems.items() if holds]
    return "degraded" if found else "healthy", "; ".join(found)


def _last_object(output: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(_last_line(output))
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
