from __future__ import annotations

import base64
import configparser
import json
import socket
import struct
import subprocess
import threading

import pytest
from ocpvirt_lab import ceph, ceph_programs, entrance, holder_client, probe
from ocpvirt_lab.components import SITE_CEPH, needed
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.holder_client import Holder
from ocpvirt_lab.lab import Lab
from ocpvirt_lab.layout import SITES
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.state import CEPH, NFS, HolderRecord, LabFolder


@pytest.fixture
def folder(tmp_path):
    return LabFolder("one", tmp_path)


def test_clusters_differ_in_all_that_a_volume_names(folder):
    east, west = (ceph.files(folder, site) for site in SITES)
    assert east.fsid == ceph.files(folder, "east").fsid
    assert east.fsid != west.fsid
    assert SITES["east"].ceph_pools.index("rbd") != SITES["west"].ceph_pools.index("rbd")


def test_a_cluster_is_complete_once_its_pools_are_known(folder):
    files = ceph.files(folder, "west")
    assert files.fsid
    assert not files.complete
    assert files.pool_id("rbd") is None
    files.finish({"older": 1, "rbd": 2})
    assert files.complete
    assert files.pool_id("rbd") == 2


def test_keys_are_cephx_keys_and_nobody_elses_to_read(folder):
    files = ceph.files(folder, "east")
    assert files.fsid
    files.write()
    assert files.keyring.stat().st_mode & 0o777 == 0o600
    keyring = configparser.ConfigParser()
    keyring.read_string(files.keyring.read_text().replace("\t", ""))
    keys = [keyring[entity]["key"] for entity in keyring.sections()]
    assert len(set(keys)) == len(keys) == 7
    for key in keys:
        kind, _seconds, _nanoseconds, length = struct.unpack("<hiih", base64.b64decode(key)[:12])
        assert (kind, length) == (1, 16)
        assert len(base64.b64decode(key)) == 28


def test_a_guest_asks_where_the_osd_is_before_its_request_ends(folder):
    """Clients look for requests that are open for too long every 5 s."""
    files = ceph.files(folder, "east")
    assert files.fsid
    files.write()
    conf = configparser.ConfigParser()
    conf.read(files.conf)
    guest = conf["client.csi"]
    assert guest.getfloat("objecter_timeout", 10.0) + 5 < guest.getfloat("rados_osd_op_timeout")


def test_sockets_stay_short_wherever_the_checkout_lies(tmp_path):
    deep = LabFolder("one", tmp_path / ("x" * 200))
    assert len(ceph.files(deep, "west").socket("rbd-mirror")) < 40


def test_only_a_lab_with_ceph_needs_c_libraries():
    assert SITE_CEPH not in needed(NFS)
    assert set(needed(CEPH)) - set(needed(NFS)) >= {SITE_CEPH}


def test_missing_programs_are_named_by_their_packages(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ceph_programs, "SYSTEM_FOLDERS", str(tmp_path))
    with pytest.raises(LabError, match=r"ceph-mon ceph-osd.*\n.*dev/system-packages ceph"):
        ceph_programs.require()


def test_a_lab_with_ceph_does_not_go_back_to_nfs(folder):
    state = folder.load()
    state.storage = CEPH
    folder.save(state)
    with pytest.raises(LabError, match="--purge"):
        Lab(folder, Progress()).up(storage=NFS)
    assert folder.load().storage == CEPH


def test_records_of_a_lab_that_is_down_are_refused(folder):
    from ocpvirt_lab import disks

    state = folder.load()
    state.storage = CEPH
    folder.save(state)
    with pytest.raises(LabError, match="the lab is down"):
        disks.read(Lab(folder, Progress()), "east", [], Progress())


def test_an_entrance_of_a_lab_that_is_gone_says_so(folder):
    folder.create()
    strange = HolderRecord(pid=1, starttime=0, user_namespace=False)
    assert holder_client.find(folder, strange) is None
    entrance.write(folder, Holder(folder, strange), "east", folder.path / "ceph.conf")
    done = subprocess.run([folder.entrance("east"), "rbd", "ls"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (255, "", "east: the lab is down\n")


@pytest.fixture
def admin_socket(tmp_path):
    """A daemon's admin socket that answers once; yields its path and what it was asked."""
    path = tmp_path / "osd.asok"
    asked = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(1000))
                body = json.dumps({"state": "active", "pool_replayers": [{"state": "running"}]}).encode()
                connection.sendall(struct.pack(">I", len(body)) + body)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield path, asked
        thread.join(10)


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ("state=active", None),
        ("", None),
        ("state=booting", "state is active, not booting"),
        ("pool_replayers.0.state=running", None),
        ("pool_replayers.1.state=running", "pool_replayers.1.state is None, not running"),
        ("peers.0.state=running", "peers.0.state is None, not running"),
    ],
)
def test_a_ceph_daemon_is_asked_through_its_admin_socket(admin_socket, wanted, seen):
    path, asked = admin_socket
    assert probe._check(probe._opener(), f"ceph:{path}?status#{wanted}") == seen
    assert asked == [b'{"prefix": "status"}\0']


def test_a_ceph_daemon_that_is_gone_is_a_failure(tmp_path):
    seen = probe._check(probe._opener(), f"ceph:{tmp_path}/none.asok?status#state=active")
    assert seen
    assert "No such file" in seen
    assert "none.asok" in seen
