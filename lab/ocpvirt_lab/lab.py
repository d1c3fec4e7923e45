"""The lab as a whole: what each command does with holder, hub and sites."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ocpvirt_lab import ceph, ceph_programs, entrance, holder_client, limits, network, relay, s3, ssh
from ocpvirt_lab.build import provide
from ocpvirt_lab.ceph import CephCluster
from ocpvirt_lab.components import needed
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.holder_client import Holder
from ocpvirt_lab.launch import Launcher
from ocpvirt_lab.layout import SITES, relayed
from ocpvirt_lab.process import HUB, Process, SiteContext
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.site import SiteRunner
from ocpvirt_lab.state import CEPH, NFS, LabFolder

HUB_DEADLINE = 30
KEPT_BY_RESET = "pki"


class Lab:
    def __init__(self, folder: LabFolder, progress: Progress) -> None:
        self.folder = folder
        self.state = folder.load()
        self._progress = progress
        self._binaries: dict[str, Path] = {}

    @property
    def binaries(self) -> dict[str, Path]:
        if not self._binaries:
            self._binaries = provide(needed(self.state.storage, csi_addons=self.state.csi_addons), self._progress)
        return self._binaries

    def holder(self) -> Holder | None:
        return holder_client.find(self.folder, self.state.holder)

    def required_holder(self) -> Holder:
        holder = self.holder()
        if holder is None:
            raise LabError(f"the lab {self.folder.name!r} is not up; bring it up with `lab up`")
        return holder

    def up(
        self, nodes: int | None = None, storage: str | None = None, *, csi_addons: bool = False, with_ssh: bool = False
    ) -> list[str]:
        """Returns the keys of what had to be started: nothing, when the lab was up and whole."""
        if nodes:
            self.state.nodes = nodes
        if storage:
            self._choose(storage)
        self.state.csi_addons |= csi_addons
        self.state.ssh |= with_ssh
        if self.state.storage == CEPH:
            ceph_programs.require()
        _ = self.binaries
        holder = self.holder()
        if holder is None:
            if self.state.holder:
                self._say(f"the holder (pid {self.state.holder.pid}) is gone; starting again on the state it left")
            limits.raise_inotify(self._say)
            holder = holder_client.start(self.folder)
            self.state.holder, self.state.lost = holder.record, []
            self.folder.save(self.state)
            how = "a user namespace" if holder.record.user_namespace else "root"
            self._say(f"namespaces are there (through {how})")
        launcher = Launcher(self.folder, holder)
        if self.state.ssh:
            ssh.require(holder)
            ssh.make_keys(self.folder)
        if self.state.storage == CEPH:
            for name in SITES:
                entrance.write(self.folder, holder, name, ceph.files(self.folder, name).conf)
        started = [f"{HUB}/{name}" for name in self._hub_up(launcher)]
        standing = [name for name in SITES if name not in self.state.lost]
        for name, processes in self._in_parallel(lambda name: self.runner(name, launcher).up(), standing).items():
            started += [f"{name}/{process}" for process in processes]
        if self.state.storage == CEPH and len(standing) == len(SITES):
            self._join(launcher)
        return started

    def _choose(self, storage: str) -> None:
        if storage == NFS and self.state.storage == CEPH:
            raise LabError(
                f"the lab {self.folder.name!r} has Ceph clusters; `lab down --purge` removes them, then `lab up`"
            )
        self.state.storage = storage

    def _join(self, launcher: Launcher) -> None:
        first, second = (CephCluster(name, self.folder, launcher, self._progress) for name in SITES)
        if first.joined() and second.joined():
            return
        first.join(second)
        first.await_peer()
        second.await_peer()
        self._say("the Ceph clusters mirror to each other")

    def _in_parallel(self, work: Callable[[str], list[str]], sites: list[str]) -> dict[str, list[str]]:
        """Every site gets its chance; then all that went wrong is told at once."""
        with ThreadPoolExecutor(len(SITES)) as pool:
            futures = {site: pool.submit(work, site) for site in sites}
        failures = {site: error for site, future in futures.items() if (error := future.exception())}
        for error in failures.values():
            if not isinstance(error, LabError):
                raise error
        if failures:
            raise LabError("\n".join(map(str, failures.values())))
        return {site: future.result() for site, future in futures.items()}

    def _hub_up(self, launcher: Launcher) -> list[str]:
        started = []
        entry = launcher.holder.processes().get(f"{HUB}/relay")
        if entry is None or not entry.running:
            with relay.listening(self.state.ports) as sockets:
                self.folder.save(self.state)
                fds = [listener.fileno() for listener in sockets]
                started += launcher.start(HUB, [relay.process(self.binaries)], fds)
        started += launcher.start(HUB, [s3.process(self.folder, self.binaries)])
        launcher.wait_healthy(HUB, self.hub_processes(), HUB_DEADLINE)
        return started

    def hub_processes(self) -> list[Process]:
        return [relay.process(self.binaries), s3.process(self.folder, self.binaries)]

    def runner(self, name: str, launcher: Launcher) -> SiteRunner:
        return SiteRunner(self.context(name), s3.credentials(self.folder), launcher, self._progress)

    def context(self, name: str) -> SiteContext:
        state = self.state
        return SiteContext(name, self.folder, self.binaries, state.ports, state.nodes, state.storage, state.ssh)

    def down(self) -> bool:
        holder = self.holder()
        if holder:
            holder_client.end(holder)
        self.state.holder, self.state.lost = None, []
        if self.folder.path.exists():
            self.folder.save(self.state)
        return holder is not None

    def reset(self) -> None:
        """Empty sites on the same ports, with the same certificates: kubeconfigs stay valid."""
        holder = self.holder()
        if holder:
            for name in SITES:
                holder.request("kill-site", site=name)
            holder.request("stop", keys=[f"{HUB}/s3"])
            holder.ip([line for name in SITES for line in network.links(name, mgmt=True, data=True)])
            holder.ip(network.split(False))
        self.state.lost = []
        self.folder.save(self.state)
        for name in SITES:
            _empty(self.folder.site(name))
        if s3.data_directory(self.folder).exists():
            shutil.rmtree(s3.data_directory(self.folder))
        self.up()

    def endpoints(self) -> dict[str, str]:
        if missing := relayed().keys() - self.state.ports.keys():
            raise LabError(f"no ports yet for {', '.join(sorted(missing))}; bring the lab up with `lab up`")
        return {name: f"127.0.0.1:{port}" for name, port in self.state.ports.items()}

    def _say(self, message: str) -> None:
        self._progress.say(self.folder.name, message)


def _empty(directory: Path) -> None:
    if not directory.exists():
        return
    for entry in directory.iterdir():
        if entry.name == KEPT_BY_RESET:
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
