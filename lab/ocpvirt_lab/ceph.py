"""One Ceph cluster per site, with an RBD mirror daemon that copies the other site's images."""

from __future__ import annotations

import json
import shutil
import subprocess

from ocpvirt_lab.ceph_files import PROVISIONER_USER, CephFiles
from ocpvirt_lab.ceph_programs import program
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.kube import Object
from ocpvirt_lab.launch import Launcher
from ocpvirt_lab.layout import RBD_POOL, SITES
from ocpvirt_lab.process import Process, SiteContext, base_environment
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.state import LabFolder

DEADLINE = 120
COMMAND_TIMEOUT = 90
PLACEMENT_GROUPS = 8
PROVISIONER = "rbd.csi.ceph.com"


def files(folder: LabFolder, site: str) -> CephFiles:
    return CephFiles(site, folder.site(site) / "ceph", SITES[site])


class CephCluster:
    def __init__(self, site: str, folder: LabFolder, launcher: Launcher, progress: Progress) -> None:
        self.site = site
        self.files = files(folder, site)
        self._home = folder.site(site)
        self._launcher = launcher
        self._progress = progress

    def processes(self) -> list[Process]:
        return [*self.store(), self._manager(), self._mirror()]

    def store(self) -> list[Process]:
        """What it takes to read the images."""
        return [self._monitor(), self._osd()]

    def up(self) -> list[str]:
        """Returns the names of the processes that had to be started."""
        if not self.files.complete:
            self._create()
            started = [process.name for process in self.processes()]
        else:
            started = self._launcher.start(self.site, self.processes())
        self._launcher.wait_healthy(self.site, self.processes(), DEADLINE)
        if started:
            self._progress.say(self.site, "the Ceph cluster is ready")
        return started

    def joined(self) -> bool:
        return self.files.joined.exists()

    def join(self, peer: CephCluster) -> None:
        """From now on the images of each cluster can be mirrored to the other."""
        token = self.files.directory / "token"
        token.touch(mode=0o600)
        token.write_text(self.run("rbd", "mirror", "pool", "peer", "bootstrap", "create", RBD_POOL))
        imported = ("mirror", "pool", "peer", "bootstrap", "import", "--direction", "rx-tx", RBD_POOL, str(token))
        if not peer._peers():
            peer.run("rbd", *imported)
        if not self._peers():
            raise LabError(f"{peer.site}: `rbd {' '.join(imported)}` ended well, but {self.site} has got no peer")
        for cluster in (self, peer):
            cluster.files.joined.touch()

    def await_peer(self) -> None:
        """Until the RBD mirror daemon follows the other cluster: before that it takes up no image."""
        process = self._mirror("pool_replayers.0.state=running")
        self._launcher.wait_healthy(self.site, [process], DEADLINE)

    def _peers(self) -> list[Object]:
        return json.loads(self.run("rbd", "mirror", "pool", "info", RBD_POOL, "--format", "json"))["peers"]

    def run(self, name: str, *arguments: str, pipe: str | None = None) -> str:
        """A command of the administrator at the site."""
        argv = [program(name), *arguments]
        try:
            done = subprocess.run(
                self._launcher.holder.command(argv, self.site),
                input=pipe or "",
                text=True,
                capture_output=True,
                timeout=COMMAND_TIMEOUT,
                env=base_environment(self._home) | {"CEPH_CONF": str(self.files.conf)},
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.site}: `{' '.join(argv)}` did not end within {COMMAND_TIMEOUT} s") from None
        if done.returncode:
            raise LabError(f"{self.site}: `{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def _create(self) -> None:
        """From nothing; what an earlier attempt left is of no use."""
        keys = [f"{self.site}/{process.name}" for process in self.processes()]
        self._launcher.holder.request("stop", keys=keys)
        fsid = self.files.fsid
        for entry in self.files.directory.iterdir():
            if entry.name != "fsid":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.files.write()
        for daemon in ("mon", "mgr", "osd"):
            self.files.data(daemon).mkdir()
        address = self.files.layout.ceph
        self.run(
            "monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:{address}:3300,v1:{address}:6789]",
            str(self.files.monmap),
        )  # fmt: skip
        self.run(
            "ceph-mon", "--mkfs", "--id", "a", "--monmap", str(self.files.monmap), "--keyring", str(self.files.keyring)
        )
        self._start(self._monitor())
        self._launcher.start(self.site, [self._manager()])
        osd = self.files.data("osd") / "fsid"
        self.run("ceph", "osd", "new", fsid)
        self.run("ceph-osd", "--mkfs", "--id", "0", "--osd-uuid", fsid)
        if not osd.exists():
            raise LabError(f"{self.site}: `ceph-osd --mkfs` ended well, but {osd} is missing")
        self._start(self._osd())
        for pool in self.files.layout.ceph_pools:
            count = str(PLACEMENT_GROUPS)
            self.run("ceph", "osd", "pool", "create", pool, count, count, "replicated")
        self.run("rbd", "pool", "init", RBD_POOL)
        self.run("rbd", "mirror", "pool", "enable", RBD_POOL, "image", "--site-name", self.site)
        # Ceph calls every module that UNUSED_MODULES leaves out and that it wants always a failure
        self.run("ceph", "health", "mute", "MGR_MODULE_ERROR", "--sticky")
        pools = json.loads(self.run("ceph", "osd", "lspools", "--format", "json"))
        self._start(self._mirror())
        self.files.finish({pool["poolname"]: pool["poolnum"] for pool in pools})

    def _start(self, process: Process) -> None:
        self._launcher.start(self.site, [process])
        self._launcher.wait_healthy(self.site, [process], DEADLINE)

    def _monitor(self) -> Process:
        return self._daemon("ceph-mon", "a", "mon_status", "state=leader")

    def _manager(self) -> Process:
        return self._daemon("ceph-mgr", "a", "mgr_status", "initialized=True")

    def _osd(self) -> Process:
        return self._daemon("ceph-osd", "0", "status", "state=active")

    def _mirror(self, wanted: str = "") -> Process:
        return self._daemon("rbd-mirror", "rbd-mirror", "rbd mirror status", wanted)

    def _daemon(self, name: str, identity: str, ask: str, wanted: str) -> Process:
        argv = [program(name), "-f", "--conf", str(self.files.conf), "--id", identity]
        health = f"ceph:{self.files.socket(name)}?{ask}#{wanted}"
        # rbd-mirror ignores --conf for its connection to the own cluster
        return Process(name, argv, health, {"CEPH_CONF": str(self.files.conf)})


def guest_options(site: SiteContext) -> list[str]:
    return [f"--ceph-conf={files(site.folder, site.name).conf}"]


def provisioner_options(site: SiteContext) -> list[str]:
    return [f"--ceph-conf={files(site.folder, site.name).conf}", f"--ceph-user={PROVISIONER_USER}"]


def storage_class(site: SiteContext) -> Object:
    """As ceph-csi's; no provisioner runs here, so volumes are made by hand."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": f"{site.name}-rbd"},
        "provisioner": PROVISIONER,
        "parameters": {
            "clusterID": files(site.folder, site.name).fsid,
            "pool": RBD_POOL,
            "imageFeatures": "layering,exclusive-lock,object-map,fast-diff,deep-flatten",
        },
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "Immediate",
    }


def environment(folder: LabFolder, site: str) -> dict[str, object]:
    """What a tool outside needs to drive the cluster."""
    of = files(folder, site)
    return {
        "command": [str(folder.entrance(site))],
        "conf": str(of.conf),
        "pool": RBD_POOL,
        "pool_id": of.pool_id(RBD_POOL),
        "fsid": of.fsid,
        "mirror_site": site,
        "storage_class": f"{site}-rbd",
        "driver": PROVISIONER,
    }
