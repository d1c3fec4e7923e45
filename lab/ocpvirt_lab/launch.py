"""Starts processes through the holder and waits until they are healthy, or says which is not and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.holder_client import PACKAGE_ROOT, Holder
from ocpvirt_lab.process import HUB, Process, base_environment
from ocpvirt_lab.state import LabFolder

PROBE_SLICE = 2
"""Seconds a probe tries before we look again whether the processes are still alive."""
TAIL_LINES = 15


class Launcher:
    def __init__(self, folder: LabFolder, holder: Holder) -> None:
        self._folder = folder
        self.holder = holder

    def start(self, owner: str, processes: list[Process], fds: list[int] | None = None) -> list[str]:
        """Starts what is not running; returns the names of those."""
        started = []
        for process in processes:
            log = self._folder.log(owner, process.name)
            log.parent.mkdir(parents=True, exist_ok=True)
            answer = self.holder.request(
                "start",
                fds=fds,
                key=f"{owner}/{process.name}",
                site=None if owner == HUB else owner,
                argv=process.argv,
                env=base_environment(self._folder.path / owner) | process.environment,
                log=str(log),
            )
            if answer["started"]:
                started.append(process.name)
        return started

    def wait_healthy(self, owner: str, processes: list[Process], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self._refuse_dead(owner, processes)
            failures = self.probe(owner, processes, PROBE_SLICE)
            if not failures:
                return
            if time.monotonic() > deadline:
                self._refuse_dead(owner, processes)
                reports = [f"{name}: {seen}\n{self._tail(owner, name)}" for name, seen in failures.items()]
                raise LabError(f"{owner}: not healthy after {seconds:.0f} s:\n" + "\n".join(reports))

    def probe(self, owner: str, processes: list[Process], seconds: float) -> dict[str, str]:
        """Failures by process name; one try with 0 seconds."""
        urls = {process.name: process.health for process in processes if process.health}
        if not urls:
            return {}
        command = self.holder.command(
            [sys.executable, "-m", "ocpvirt_lab.probe", str(seconds)], None if owner == HUB else owner
        )
        done = subprocess.run(
            command,
            input=json.dumps(urls),
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(PACKAGE_ROOT)},
        )
        if done.returncode:
            raise LabError(f"the health probe in {owner} ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def _refuse_dead(self, owner: str, processes: list[Process]) -> None:
        states = self.holder.processes()
        for process in processes:
            state = states[f"{owner}/{process.name}"]
            if not state.running:
                raise LabError(
                    f"{owner}: {process.name} ended with exit code {state.exit}; the end of its log:\n"
                    + self._tail(owner, process.name)
                )

    def _tail(self, owner: str, name: str) -> str:
        log = self._folder.log(owner, name)
        lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if log.exists() else []
        return "\n".join([*(f"    {line[:300]}" for line in lines), f"    ({log})"])
