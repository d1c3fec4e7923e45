"""The ssh control of provider nfs, on two servers with real sshd and rsync; needs no lab."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    NotFound,
    Refused,
    TerminalState,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.control import control_for
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.ssh import STATUS_TIMEOUT
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.integration.nfs_servers import NfsServer, make_key
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


def no_api() -> Api:
    raise Unreachable("connect", seen="there is no cluster here")


PROVIDER = NfsProvider({name: SiteHandle(name, plan_of(), no_api) for name in ("east", "west")})


@dataclass
class Pair:
    east: NfsServer
    west: NfsServer

    def group(self, export: str = "payroll", **east: Any) -> Group:
        sites = {"east": {**self.east.options(), **east}, "west": self.west.options()}
        return Group("payroll", LabelSelector(), options={"export": export, "interval": 5, "sites": sites})

    def status(self, site: str) -> GroupStatus:
        return PROVIDER.observe(self.group(), site)

    def write(self, name: str, content: bytes, server: NfsServer | None = None) -> None:
        file = (server or self.east).export / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)

    def push(self, server: NfsServer | None = None) -> None:
        done = (server or self.east).agent("push")
        assert json.loads(done.stdout) == {"pushed": True}, done

    def lose_east_and_promote_west(self) -> None:
        self.east.stop()
        assert PROVIDER.promote(self.group(), "west", forced=True)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Pair]:
    """Two servers on which nothing is set up."""
    key = make_key(tmp_path / "key")
    pair = Pair(NfsServer(tmp_path / "east", key), NfsServer(tmp_path / "west", key))
    try:
        for server in (pair.east, pair.west):
            server.start()
        yield pair
    finally:
        for server in (pair.east, pair.west):
            server.stop()


@pytest.fixture
def pair(servers: Pair) -> Pair:
    """East is primary and has been replicated once."""
    servers.write("vm-0/disk.img", os.urandom(3_000_000))
    servers.write("vm-1/disk with 'quotes' and $(touch x).img", b"disk")
    assert PROVIDER.enable(servers.group(), "east", "west")
    servers.push()
    return servers


def test_an_export_that_is_not_set_up_is_not_found(servers: Pair) -> None:
    with pytest.raises(NotFound):
        control_for("east", servers.group()).status()
    assert servers.status("east").health == "error"


def test_enable_sets_both_sides_up_and_a_minute_of_cron_replicates(servers: Pair) -> None:
    servers.write("vm-0/disk.img", b"first")
    assert PROVIDER.enable(servers.group(), "east", "west")
    assert not PROVIDER.enable(servers.group(), "east", "west")
    assert (servers.east.exported(), servers.west.exported()) == ("rw", "ro")
    assert servers.status("west").last_sync is None

    before = datetime.now(UTC).replace(microsecond=0)
    servers.east.cron_minute()
    servers.west.cron_minute()

    assert servers.west.content() == {"vm-0/disk.img": b"first"}
    for site, role, direction in (("east", "primary", "outgoing"), ("west", "secondary", "incoming")):
        status = servers.status(site)
        assert (status.role, status.health, status.direction) == (role, "healthy", direction), status
        assert status.last_sync
        assert before <= status.last_sync <= datetime.now(UTC)
        # cron's minute is said, not hidden
        assert (status.raw["interval_asked"], status.raw["interval_seconds"]) == (5, 60)


def test_what_was_deleted_or_changed_follows(pair: Pair) -> None:
    (pair.east.export / "vm-1/disk with 'quotes' and $(touch x).img").unlink()
    pair.write("vm-0/disk.img", b"shorter")
    pair.push()
    assert pair.west.content() == {"vm-0/disk.img": b"shorter"}


def test_a_secondary_with_content_is_not_taken(servers: Pair) -> None:
    servers.write("vm-9/disk.img", b"somebody's", servers.west)
    with pytest.raises(Conflict, match="not empty"):
        PROVIDER.enable(servers.group(), "east", "west")
    assert servers.west.content() == {"vm-9/disk.img": b"somebody's"}


def test_an_export_that_is_not_mounted_empties_nothing(pair: Pair) -> None:
    pair.east.export.rename(pair.east.root / "unmounted")
    pair.east.export.mkdir()
    assert "not mounted" in pair.east.agent("push").stdout
    assert pair.status("east").health == "error"
    assert len(pair.west.content()) == 2


def test_a_planned_move_and_back(pair: Pair) -> None:
    group = pair.group()
    pair.write("vm-0/disk.img", b"last words")
    with pytest.raises(Refused, match="demote it first"):
        PROVIDER.promote(group, "west", forced=False)
    with pytest.raises(Refused, match="proves nothing"):
        PROVIDER.final_sync(group, "east", "west")

    assert PROVIDER.demote(group, "east")
    assert not PROVIDER.demote(group, "east")
    assert (pair.east.exported(), pair.status("east").role) == ("ro", "secondary")
    assert json.loads(pair.east.agent("push").stdout) == {"pushed": False, "why": "not primary"}
    with pytest.raises(Refused, match="final sync has not completed"):
        PROVIDER.promote(group, "west", forced=False)
    assert pair.west.exported() == "ro"

    proof = PROVIDER.final_sync(group, "east", "west")
    assert proof.holds
    assert (proof.volumes, proof.bytes) == (2, len(b"last words") + len(b"disk"))
    assert PROVIDER.promote(group, "west", forced=False)
    assert not PROVIDER.promote(group, "west", forced=False)
    assert pair.west.exported() == "rw"
    assert pair.west.content() == pair.east.content()

    pair.write("vm-0/disk.img", b"written at west", pair.west)
    pair.push(pair.west)
    assert pair.east.content() == pair.west.content()
    assert (pair.status("east").health, pair.status("west").health) == ("healthy", "healthy")
    assert pair.status("east").direction == "incoming"


def test_p3_without_a_proof_the_source_is_promoted_again(pair: Pair) -> None:
    PROVIDER.demote(pair.group(), "east")
    assert PROVIDER.promote(pair.group(), "east", forced=False)
    assert (pair.east.exported(), pair.status("east").role) == ("rw", "primary")
    pair.push()


def test_a_final_sync_finds_what_size_and_time_hide(pair: Pair) -> None:
    disk = pair.east.export / "vm-0/disk.img"
    times = disk.stat()
    changed = bytearray(disk.read_bytes())
    changed[1_000_000] ^= 1
    disk.write_bytes(changed)
    os.utime(disk, ns=(times.st_atime_ns, times.st_mtime_ns))
    PROVIDER.demote(pair.group(), "east")
    assert PROVIDER.final_sync(pair.group(), "east", "west").holds
    assert pair.west.content() == pair.east.content()


def test_a_lost_site_is_promoted_by_force_only(pair: Pair) -> None:
    pair.east.stop()
    with pytest.raises(Unreachable):
        PROVIDER.promote(pair.group(), "west", forced=False)
    arrived = pair.status("west").last_sync
    assert PROVIDER.promote(pair.group(), "west", forced=True)
    status = pair.status("west")
    assert (status.role, status.raw["epoch"], status.raw["peer_reachable"]) == ("primary", 2, False)
    assert datetime.fromisoformat(status.raw["recovery_point"]) == arrived
    assert pair.west.exported() == "rw"


def test_a_returning_side_is_diverged_until_its_resync(pair: Pair) -> None:
    pair.lose_east_and_promote_west()
    pair.write("vm-0/disk.img", b"new life at west", pair.west)
    pair.write("vm-2/disk.img", b"never arrived", pair.east)
    pair.east.start()

    assert pair.status("east").health == "diverged"
    assert "needs a resync" in pair.status("west").message
    before = pair.east.content()
    for server in (pair.west, pair.east):
        assert json.loads(server.agent("push").stdout)["error"]["reason"] == "PeerIsPrimary"
    assert pair.east.content() == before
    assert PROVIDER.demote(pair.group(), "east")
    with pytest.raises(TerminalState):
        PROVIDER.promote(pair.group(), "east", forced=False)
    assert json.loads(pair.west.agent("push").stdout)["error"]["reason"] == "Diverged"
    assert pair.east.content() == before

    assert PROVIDER.resync(pair.group(), "east")
    assert pair.east.content() == pair.west.content()
    assert pair.east.exported() == "ro"
    assert (pair.status("east").health, pair.status("east").direction) == ("healthy", "incoming")
    pair.push(pair.west)
    assert pair.status("west").health == "healthy"
    PROVIDER.resync(pair.group(), "east")
    assert pair.east.content() == pair.west.content()


def test_divergence_is_remembered_when_the_peer_is_gone_again(pair: Pair) -> None:
    pair.lose_east_and_promote_west()
    pair.east.start()
    pair.east.cron_minute()
    pair.west.stop()
    assert pair.status("east").health == "diverged"


def test_a_healthy_primary_is_not_resynced(pair: Pair) -> None:
    with pytest.raises(Refused):
        PROVIDER.resync(pair.group(), "east")
    assert pair.east.exported() == "rw"


def test_a_paused_secondary_takes_nothing_in(pair: Pair) -> None:
    group = pair.group()
    assert "takes nothing in" in PROVIDER.fence(group, "west", "east").evidence
    assert not PROVIDER.pause(group, "west")
    before = pair.west.content()
    pair.write("vm-0/disk.img", b"too late")
    assert json.loads(pair.east.agent("push").stdout)["error"]["reason"] == "Busy"
    epoch = pair.status("west").raw["epoch_id"]
    # a sender that doesn't ask first is refused too
    assert pair.west.agent("receive", epoch, "--server", ".", str(pair.west.export)).returncode == 1
    assert pair.west.content() == before
    assert PROVIDER.unfence(group, "west", "east")
    pair.push()
    assert pair.west.content() == pair.east.content()


def test_a_forced_promotion_ends_a_transfer_that_hangs(pair: Pair) -> None:
    """A source that stops in the middle of a transfer never writes to what was promoted."""
    before = pair.west.content()
    pair.write("vm-0/disk.img", os.urandom(50_000_000))
    state = pair.east.root / "state"
    push = subprocess.Popen(["sh", state / "agent", state, "push", "payroll"], start_new_session=True)
    staged = pair.west.export
    deadline = time.monotonic() + 20
    while not any(".~tmp~" in str(path) or path.name.startswith(".disk.img") for path in staged.rglob("*")):
        assert push.poll() is None, "the transfer ended before it could be stopped"
        assert time.monotonic() < deadline
    os.killpg(push.pid, signal.SIGSTOP)
    try:
        assert PROVIDER.promote(pair.group(), "west", forced=True)
        assert pair.west.content() == before
        assert "a transfer was open" in pair.status("west").message
    finally:
        os.killpg(push.pid, signal.SIGCONT)
    assert push.wait(30) == 1
    assert pair.west.content() == before


def test_p8_the_end_of_replication_keeps_data_and_export(pair: Pair) -> None:
    before = pair.east.content()
    for site, server, mode in (("east", pair.east, "rw"), ("west", pair.west, "ro")):
        assert PROVIDER.disable(pair.group(), site)
        assert not PROVIDER.disable(pair.group(), site)
        assert server.exported() == mode
        assert server.content() == before
        assert not list((server.root / "cron.d").iterdir())
        assert sorted(path.name for path in (server.root / "state").iterdir()) == ["agent"]
    with pytest.raises(NotFound):
        control_for("east", pair.group()).status()


def volume(pair: Pair) -> dict[str, Any]:
    return {"metadata": {"name": "pv-0"}, "spec": {"nfs": {"server": "192.0.2.10", "path": f"{pair.west.export}/vm-0"}}}


def test_p8_a_copy_for_a_rehearsal_is_written_beside_a_secondary_that_replication_goes_on_with(pair: Pair) -> None:
    before = pair.status("west")
    made = PROVIDER.clone(pair.group(), "west", "rehearsal", [volume(pair)])
    assert made.taken == before.last_sync
    (copy,) = (Path(source["nfs"]["path"]) for source in made.sources.values())
    assert (copy / "disk.img").read_bytes() == (pair.east.export / "vm-0/disk.img").read_bytes()
    assert not PROVIDER.covers(pair.group(), "west", {"spec": made.sources["pv-0"]})
    assert (pair.west.root / "exported").read_text().splitlines()[-1] == f"*:{copy.parent} rw"

    (copy / "disk.img").write_bytes(b"rehearsed")
    pair.write("vm-0/disk.img", b"production")
    pair.push()
    assert pair.west.content()["vm-0/disk.img"] == b"production"
    again = PROVIDER.clone(pair.group(), "west", "rehearsal", [volume(pair)])
    assert (again, (copy / "disk.img").read_bytes()) == (made, b"rehearsed")

    assert PROVIDER.unclone(pair.group(), "west", "rehearsal")
    assert not copy.parent.exists()
    assert (pair.west.root / "exported").read_text().splitlines()[-1] == f"*:{copy.parent} gone"
    assert not PROVIDER.unclone(pair.group(), "west", "rehearsal")
    assert pair.west.content()["vm-0/disk.img"] == b"production"
    # nor is it exported at the next boot
    assert [file.name for file in (pair.west.root / "exports.d").iterdir()] == ["ocpvirt-dr-payroll.exports"]


def test_p5_a_copy_that_was_cut_off_is_made_anew(pair: Pair) -> None:
    half = pair.west.export.with_name("export.rehearsal.new")
    half.mkdir()
    (half / ".ocpvirt-dr-clone").touch()
    (half / "vm-0").write_text("half")
    PROVIDER.clone(pair.group(), "west", "rehearsal", [])
    assert (pair.west.export.with_name("export.rehearsal") / "vm-0/disk.img").exists()
    assert not half.exists()


def test_p8_a_folder_of_somebody_else_is_neither_used_nor_removed(pair: Pair) -> None:
    theirs = pair.west.export.with_name("export.rehearsal")
    theirs.mkdir()
    for verb in (
        lambda: PROVIDER.clone(pair.group(), "west", "rehearsal", []),
        lambda: PROVIDER.unclone(pair.group(), "west", "rehearsal"),
    ):
        with pytest.raises(Conflict, match="no clone of export"):
            verb()
    assert theirs.exists()


def test_an_unreachable_server_is_a_status_within_its_deadline(pair: Pair) -> None:
    pair.west.stop()
    began = time.monotonic()
    status = pair.status("west")
    assert (status.reachable, status.role) == (False, "unknown")
    east = pair.status("east")
    assert (east.role, east.health) == ("primary", "degraded")
    assert time.monotonic() - began < STATUS_TIMEOUT


def test_a_server_that_takes_the_connection_and_is_silent_is_unreachable(pair: Pair) -> None:
    pair.west.stop()
    with socket.create_server(("127.0.0.1", pair.west.port)):
        began = time.monotonic()
        assert not pair.status("west").reachable
        assert not pair.status("east").raw["peer_reachable"]
        assert time.monotonic() - began < 2 * STATUS_TIMEOUT


def test_a_refused_key_is_unreachable_and_not_shown(servers: Pair, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    options = servers.east.options()["ssh_options"]
    options[3] = str(other)
    with pytest.raises(Unreachable, match="Permission denied") as refused:
        control_for("east", servers.group(ssh_options=options)).status()
    assert str(other) not in str(refused.value)
    assert other.read_text().splitlines()[1] not in str(refused.value)


@pytest.mark.parametrize("name", ["a b", "a;touch x", "$(touch x)", "../x", "a.b", "-x", "a\nb", "", "'"])
def test_names_that_a_shell_could_read_are_refused(servers: Pair, name: str) -> None:
    before = sorted(servers.east.root.rglob("*"))
    with pytest.raises(Refused, match="export"):
        control_for("east", servers.group(name)).status()
    assert sorted(servers.east.root.rglob("*")) == before


def test_every_error_is_of_our_tree(servers: Pair) -> None:
    servers.east.export.rmdir()
    with pytest.raises(DrError, match="no directory on this server"):
        PROVIDER.enable(servers.group(), "west", "east")
