"""What the guests wrote, read from a site's disks; a lost site's Ceph cluster is started for it and killed again."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

from ocpvirt_lab import ceph
from ocpvirt_lab.ceph import DEADLINE, CephCluster
from ocpvirt_lab.components import SITE_CEPH
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.lab import Lab
from ocpvirt_lab.launch import Launcher
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.state import CEPH


def read(lab: Lab, site: str, options: list[str], progress: Progress) -> int:
    """Prints; returns the exit code."""
    records = ["records", f"--root={lab.folder.storage_root(site)}", *options]
    if lab.state.storage != CEPH:
        return subprocess.run([str(lab.binaries["site"]), *records]).returncode
    holder = lab.holder()
    if holder is None:
        raise LabError("RBD images are read through their cluster, and the lab is down; bring it up with `lab up`")
    cluster = CephCluster(site, lab.folder, Launcher(lab.folder, holder), progress)
    if not cluster.files.complete:
        raise LabError(f"{site} has no whole Ceph cluster, so there are no images to read; `lab up` makes it")
    command = [str(lab.binaries[SITE_CEPH]), *records, *ceph.guest_options(lab.context(site))]
    with _started(lab, cluster) if site in lab.state.lost else contextlib.nullcontext():
        return subprocess.run(holder.command(command, site)).returncode


@contextlib.contextmanager
def _started(lab: Lab, cluster: CephCluster) -> Iterator[None]:
    """The site's links are down, so nobody else sees it; nothing but the reader uses it."""
    launcher = Launcher(lab.folder, lab.required_holder())
    with lab.folder.locked():
        try:
            launcher.start(cluster.site, cluster.store())
            launcher.wait_healthy(cluster.site, cluster.store(), DEADLINE)
            yield
        finally:
            launcher.holder.request("stop", keys=[f"{cluster.site}/{process.name}" for process in cluster.store()])
