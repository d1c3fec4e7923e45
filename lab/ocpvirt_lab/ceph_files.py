"""What a site's Ceph cluster is started from: its configuration, its keys, and who it is."""

from __future__ import annotations

import base64
import configparser
import json
import secrets
import struct
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from ocpvirt_lab.holder import runtime_directory
from ocpvirt_lab.layout import SiteLayout

OSD_BYTES = 10 << 30
"""A sparse file: what is written counts."""
GUEST_USER = "csi"
PROVISIONER_USER = "csi-provisioner"
CAPS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "mgr": "allow *", "osd": "allow *"},
    "mgr.a": {"mon": "allow profile mgr", "osd": "allow *"},
    "osd.0": {"mon": "allow profile osd", "mgr": "allow profile osd", "osd": "allow *"},
    "client.rbd-mirror": {"mon": "profile rbd-mirror", "mgr": "profile rbd", "osd": "profile rbd"},
    f"client.{GUEST_USER}": {"mon": "profile rbd", "mgr": "profile rbd", "osd": "profile rbd"},
    # as ceph-csi's
    f"client.{PROVISIONER_USER}": {
        "mon": "profile rbd, allow command 'osd blocklist', allow command 'osd blocklist ls'",
        "mgr": "profile rbd",
        "osd": "profile rbd",
    },
}
# nothing here uses them; each is a second of start and some MB
UNUSED_MODULES = (
    "alerts cephadm dashboard devicehealth diskprediction_local influx insights iostat k8sevents localpool"
    " mds_autoscaler mirroring nfs osd_perf_query osd_support pg_autoscaler prometheus restful rook selftest"
    " snap_schedule stats telegraf telemetry test_orchestrator volumes zabbix"
)


@dataclass(frozen=True)
class CephFiles:
    """Below the site's folder, so that a reset removes them."""

    site: str
    directory: Path
    layout: SiteLayout

    @property
    def conf(self) -> Path:
        return self.directory / "ceph.conf"

    @property
    def keyring(self) -> Path:
        return self.directory / "keyring"

    @property
    def monmap(self) -> Path:
        return self.directory / "monmap"

    @property
    def joined(self) -> Path:
        """There once the cluster mirrors with the other site's."""
        return self.directory / "joined"

    def data(self, daemon: str) -> Path:
        return self.directory / daemon

    def socket(self, name: str) -> str:
        return f"{runtime_directory(self.site)}/{name}.asok"

    @property
    def _pools(self) -> Path:
        return self.directory / "pools.json"

    @property
    def complete(self) -> bool:
        return self._pools.exists()

    @property
    def fsid(self) -> str:
        """Known before the cluster exists, because objects of the site name it."""
        file = self.directory / "fsid"
        if not file.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            file.write_text(str(uuid.uuid4()))
        return file.read_text()

    def pool_id(self, pool: str) -> int | None:
        return json.loads(self._pools.read_text())[pool] if self.complete else None

    def finish(self, pools: dict[str, int]) -> None:
        """The cluster is whole from now on."""
        self._pools.write_text(json.dumps(pools))

    def write(self) -> None:
        self.keyring.touch(mode=0o600)
        self.keyring.write_text(_keyring())
        config = configparser.ConfigParser(interpolation=None)
        config.read_dict(self._configuration())
        with self.conf.open("w") as file:
            config.write(file)

    def _configuration(self) -> dict[str, dict[str, object]]:
        return {
            "global": {
                "fsid": self.fsid,
                "mon_host": self.layout.ceph,
                "public_addr": self.layout.ceph,
                "keyring": self.keyring,
                "auth_cluster_required": "cephx",
                "auth_service_required": "cephx",
                "auth_client_required": "cephx",
                "auth_allow_insecure_global_id_reclaim": "false",
                "admin_socket": "",
                "crash_dir": self.directory,
                "log_to_file": "false",
                "log_to_stderr": "true",
                "mon_cluster_log_to_file": "false",
                "mon_cluster_log_to_stderr": "false",
                "osd_pool_default_size": 1,
                "osd_pool_default_min_size": 1,
                "osd_pool_default_pg_autoscale_mode": "off",
                "osd_crush_chooseleaf_type": 0,
                "mon_allow_pool_size_one": "true",
                "mon_warn_on_pool_no_redundancy": "false",
                # the machine's disk may be full for reasons of its own
                "mon_data_avail_warn": 2,
                "mon_data_avail_crit": 1,
            },
            "mon": {"mon_data": self.data("mon"), "admin_socket": self.socket("ceph-mon")},
            "mgr": {
                "mgr_data": self.data("mgr"),
                "admin_socket": self.socket("ceph-mgr"),
                "mgr_initial_modules": "",
                "mgr_disabled_modules": UNUSED_MODULES,
            },
            "osd": {
                "osd_data": self.data("osd"),
                "admin_socket": self.socket("ceph-osd"),
                "bluestore_block_size": OSD_BYTES,
                "bluestore_cache_autotune": "false",
                "bluestore_cache_size": 64 << 20,
                # a guest that was killed with its site holds its lock this long after both are back
                "osd_client_watch_timeout": 10,
            },
            "client": {"client_mount_timeout": 15},
            f"client.{GUEST_USER}": {
                # a guest of a lost cluster notices within it, in place of waiting for ever
                "rados_osd_op_timeout": 10,
                "rados_mon_op_timeout": 10,
                # A request that stays open so long makes the client ask where the OSD is now. The default is 10
                # too and never comes: who connected while the OSD restarted would look at its old address for ever.
                "objecter_timeout": 3,
                # what is written is written: the records say what was lost, and a cache would lose more
                "rbd_cache": "false",
            },
            f"client.{PROVISIONER_USER}": {
                # a call that the manager has given up would keep the volume from the next one
                "rados_osd_op_timeout": 60,
                "rados_mon_op_timeout": 60,
            },
            "client.rbd-mirror": {
                "admin_socket": self.socket("rbd-mirror"),
                # the defaults are made for many images; a demo waits for them
                "rbd_mirror_image_state_check_interval": 2,
                "rbd_mirror_pool_replayers_refresh_interval": 5,
                "rbd_mirror_delete_retry_interval": 2,
                "rbd_mirror_leader_heartbeat_interval": 2,
            },
        }


def _keyring() -> str:
    lines = []
    for entity, caps in CAPS.items():
        lines += [f"[{entity}]", f"\tkey = {_key()}", *(f'\tcaps {daemon} = "{cap}"' for daemon, cap in caps.items())]
    return "\n".join(lines) + "\n"


def _key() -> str:
    """cephx: type 1 (AES), time, length, key."""
    key = secrets.token_bytes(16)
    return base64.b64encode(struct.pack("<hiih", 1, int(time.time()), 0, len(key)) + key).decode()
