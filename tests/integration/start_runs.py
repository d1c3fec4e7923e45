# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start as the playbook does it, module by module, each in a process of its own: one that a test can kill."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.client import connect
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.tests.bench.module_process import PREFIX, environment, run_module
from ansible_collections.ocpvirt.dr.tests.integration.fleet import Fleet
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE

# as the role `start` calls it
ROUND = 25
PATIENCE = 300


class StartRun:
    """One run of operation start at east; begun, with its latch open, once it is made. round_timeout: seconds."""

    def __init__(self, fleet: Fleet, plan: Path | None = None, round_timeout: int = ROUND) -> None:
        self._plan = str(plan or fleet.world.plan_file)
        self._round_timeout = round_timeout
        self._api = connect("east", {"kubeconfig": fleet.world.sites["east"]["kubeconfig"]})
        self._pool = ThreadPoolExecutor(1)
        self._going: Future[dict[str, Any]] | None = None
        # a test that failed may have left it
        self._free_lock()
        self._begin()

    def go(self) -> None:
        """Round after round, in the background."""
        self._going = self._pool.submit(self._rounds)

    def result(self) -> dict[str, Any]:
        """Of the last round, once everything is done; the run is ended then. peak_in_flight: of all rounds."""
        result = self._going.result(PATIENCE) if self._going else self._rounds()
        run_module("run", plan=self._plan, state="done", run_id=self.run_id)
        return result

    def killed_after(self, seconds: float) -> bool:
        """SIGKILL so many seconds after a round began, and the next attempt has begun; False if all was done before.

        The lock of the dead attempt is freed here: that a rerun waits until it has expired is proven elsewhere, and
        would take most of a minute each time.
        """
        process = self._spawn()
        try:
            _read(process.communicate(timeout=seconds)[0])
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self._free_lock()
            self._begin()
            return True
        return False

    def _rounds(self) -> dict[str, Any]:
        peak = 0
        while True:
            last = _read(self._spawn().communicate(timeout=PATIENCE)[0])
            peak = max(peak, last["peak_in_flight"])
            if last["done"]:
                return last | {"peak_in_flight": peak}

    def _free_lock(self) -> None:
        lock = PlanLock(self._api, STORE, "payroll")
        if holder := lock.holder():
            lock.release(holder.run_id, holder.attempt)

    def _begin(self) -> None:
        begun = run_module("run", plan=self._plan, operation="start", target="east").result
        assert begun["needed"], begun["msg"]
        self.run_id, self.attempt = begun["run_id"], begun["attempt"]
        run_module("latch", plan=self._plan, run_id=self.run_id, site="east", state="open")

    def _spawn(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"{PREFIX}.vm_startup"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )
        arguments = {"plan": self._plan, "run_id": self.run_id, "round_timeout": self._round_timeout}
        assert process.stdin is not None
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        process.stdin.close()
        process.stdin = None
        return process


def _read(output: bytes) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(output)
    assert not result.get("failed"), result["msg"]
    return result
