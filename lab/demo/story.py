"""The circle: a plan loses its site, lives on at the other one, and comes home without a loss."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import yaml

from demo.act import Act, seen_of_move
from demo.cluster import wait_until
from demo.disk_watch import watching
from demo.lab import Lab
from demo.observation import alive, await_writing, newest_run, running_at
from demo.playbook import Played, play
from demo.storages import Storage
from demo.verdict import Move, behind, judge, judge_copies, restarted
from demo.workload import demo_vms, deploy, not_ready, plan_document

TO_WEST = ("-e", "dr_target=west", "-e", "dr_declare_lost=east")


class Story:
    def __init__(self, lab: Lab, storage: Storage) -> None:
        self._lab, self._storage = lab, storage
        environment = lab.environment()
        self._sites = environment["sites"]
        folder = Path(environment["state_dir"])
        self.log = folder / "demo.log"
        self.log.unlink(missing_ok=True)
        self._plan = folder / "payroll.yml"
        self._plan.write_text(yaml.safe_dump(plan_document(environment, storage=storage), sort_keys=False))
        self._vms = demo_vms()
        self._names = [vm.name for vm in self._vms if vm.running]
        self._east, self._west = lab.cluster("east"), lab.cluster("west")

    def prepare(self) -> None:
        say(f"deploy {len(self._vms)} VMs at east, {len(self._names)} of them running")
        deploy(self._east, self._sites["east"], self._sites["west"], self._vms, storage=self._storage)
        say("protect the plan, take a capture, check")
        must(self._play("protect", "-e", "dr_site=east"))
        self._storage.await_replicated(self._sites)
        must(self._play("check"))

    def fail_over(self) -> Act:
        say("lose east: kill -9 of every process, links down")
        self._lab.run("lose", "east")
        say("fail over to west")
        played = must(self._play("failover", *TO_WEST))
        before, after = self._lab.records("east"), await_writing(self._lab, self._names, "west")
        move = Move("east", "west", self._storage.address(self._sites["east"]), before, after)
        verdict = judge(self._vms, self._west, move)
        if processes := alive(self._lab, "east"):
            verdict.problems.append(f"{processes} processes of east are alive")
        act = Act("failover", played.seconds, seen_of_move("west", verdict), verdict.problems, newest_run(self._west))
        say("the same command again")
        return act.again(self._play("failover", *TO_WEST))

    def restore_east(self) -> Act:
        """Everything that east had when it was lost starts again there, on copies that nobody wants any more."""
        say("east comes back as it was")
        began = time.monotonic()
        before = self._lab.records("west")
        self._lab.run("restore", "east")
        wait_until("east's VMs running again", 240, lambda: not_ready(self._east, self._names))
        status = must(self._play("status"))
        problems = [] if "FENCE DEBT" in status.output else ["status does not warn of east"]
        if "reprotect first" not in self._play("relocate", "-e", "dr_target=east", show=False).output:
            problems.append("a move to east was not refused")
        problems += [f"{name} does not run at west any more" for name in not_ready(self._west, self._names)]
        problems += [f"{name} was restarted" for name in restarted(self._names, before, self._lab.records("west"))]
        seen = f"{len(self._names)} VMs run at east too, on old copies: status warns, a move there is refused"
        return Act("east restored", time.monotonic() - began, seen, problems)

    def reprotect(self) -> Act:
        say("reprotect: east becomes a clean copy of west")
        before = self._lab.records("west")
        played = must(self._play("reprotect"))
        wait_until("west's records at east", 120, lambda: behind(self._names, "east", self._lab.records("east")))
        problems = judge_copies(self._names, "east", self._lab.records("east"), running_at(self._east))
        problems += [f"{name} was restarted" for name in restarted(self._names, before, self._lab.records("west"))]
        seen = f"no VM runs at east, its {len(self._names)} disks hold what west wrote; west's VMs ran on"
        return Act("reprotect", played.seconds, seen, problems, newest_run(self._west))

    def fail_back(self) -> Act:
        say("failback: the plan goes home")
        with watching(self._lab, "west") as watch:
            played = must(self._play("failback"))
        after = await_writing(self._lab, self._names, "east")
        address = self._storage.address(self._sites["west"])
        verdict = judge(self._vms, self._east, Move("west", "east", address, watch.fullest, after, planned=True))
        verdict.problems += [f"{name} runs at west" for name in sorted(running_at(self._west))]
        act = Act("failback", played.seconds, seen_of_move("east", verdict), verdict.problems, newest_run(self._east))
        say("the same command again")
        return act.again(self._play("failback"))

    def _play(self, playbook: str, *options: str, show: bool = True) -> Played:
        return play(playbook, self.log, "-e", f"dr_plan={self._plan}", *options, show=show)


def must(played: Played) -> Played:
    if played.returncode:
        sys.exit(f"ansible-playbook exited with {played.returncode}")
    return played


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {what}", flush=True)
