# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two mirrored Ceph clusters in memory, behind the agent's protocol; the integration test runs real ones."""

from __future__ import annotations

import ast
import errno
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import provider as ceph_rbd
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.digester import PART
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.provider import CephRbdProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.command import Answer
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

SITES = ("east", "west")
PEER = {"east": "west", "west": "east"}
DRIVER = "rbd.csi.ceph.com"
# the end of each journal
WRITTEN = {"object_number": 0, "tag_tid": 3, "entry_tid": 7}


class CephPair:
    """images: site to image to facts. joined: whether a demotion reaches the other site. asked: every change, in order.

    looks: the site of every call that only looks. faults: (site, verb, image) to the errors that its next calls give.
    lost_answers: verbs of which the next is done, and nobody hears of it.
    copies: at any site, by name, whose each is. copying: what the next rounds of copying answer for each image.
    digests: (site, image) to those of all its data. digested: what was read of it. parts_a_round: how many each time.
    told: lines of progress. reporting: whether the rbd-mirrors report anew between two looks.
    pv_sites: where the API server shows the PVs, but for those of `unmade`, (site, image).
    """

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.images: dict[str, dict[str, dict[str, Any]]] = {"east": {}, "west": {}}
        self.joined = True
        self.peers = True
        self.silent: set[str] = set()
        self.silent_apis: set[str] = set()
        self.denying_apis: set[str] = set()
        self.pv_sites = {"east"}
        self.unmade: set[tuple[str, str]] = set()
        self.asked: list[str] = []
        self.looks: list[str] = []
        self.faults: dict[tuple[str, str, str], list[int]] = {}
        self.lost_answers: list[str] = []
        self.copies: dict[str, str] = {}
        self.copying: list[dict[str, Any]] = []
        self.digests: dict[tuple[str, str], list[str]] = {}
        self.digested: list[str] = []
        self.parts_a_round = 100
        self.reporting = False
        self.told: list[str] = []
        self.schedules: dict[str, dict[str, set[str]]] = {"east": {}, "west": {}}
        for name in names:
            self._mirror("east", name)

    def provider(self) -> CephRbdProvider:
        plan = plan_of()

        def handle(site: str) -> SiteHandle:
            def open_api() -> Api:
                if site in self.silent_apis:
                    raise Unreachable("connect", site=site, seen="no answer")
                if site in self.denying_apis:
                    raise Failed("GET /api/v1/persistentvolumes", site=site, seen="it is forbidden", status=403)
                api = MemoryApi(site)
                shown = [name for name in self.names if site in self.pv_sites and (site, name) not in self.unmade]
                for name in shown:
                    csi = {"driver": DRIVER, "volumeAttributes": {"pool": "rbd", "imageName": name}}
                    api.create(PV, {"metadata": {"name": name}, "spec": {"csi": csi}})
                    metadata = {
                        "name": name,
                        "namespace": "payroll",
                        "labels": {protected_label(plan.name): "true", "image": name},
                    }
                    api.create(PVC, {"metadata": metadata, "spec": {"volumeName": name}})
                return api

            return SiteHandle(site, plan, open_api, self.run(site), tell=self._tell)

        return CephRbdProvider({site: handle(site) for site in SITES})

    def run(self, site: str) -> Callable[[Sequence[str], float, bytes], Answer]:
        def runner(_words: Sequence[str], _seconds: float, stdin: bytes) -> Answer:
            if site in self.silent:
                raise Unreachable("run ssh", seen="no answer")
            call = stdin.decode().strip().splitlines()[-1]
            request = json.loads(ast.literal_eval(call.removeprefix("serve(").removesuffix(")")))
            doing = {
                "look": self._look,
                "act": self._act,
                "switch": self._switch,
                "ask": self._ask,
                "copy": self._copies,
                "digest": self._digest,
                "remove_copies": self._remove_copies,
            }
            answer = doing[request["do"]](site, request)
            if request.get("verb") in self.lost_answers:
                self.lost_answers.remove(request["verb"])
                raise Unreachable("run ssh", seen="the connection broke")
            return Answer(0, json.dumps({"answer": answer}).encode(), b"")

        return runner

    def _tell(self, stage: str, done: int, total: int, in_flight: int = 0, waiting_for: str = "") -> None:
        assert in_flight == 0
        line = f"{stage} {done}/{total} {waiting_for}".strip()
        self.told += [line] if self.told[-1:] != [line] else []

    def role(self, site: str) -> str:
        found = {item["mirror"]["primary"] for item in self.images[site].values()}
        return {True: "primary", False: "secondary"}[found.pop()] if len(found) == 1 else "mixed"

    def _look(self, site: str, request: dict[str, Any]) -> Any:
        self.looks.append(site)
        return self._shown(site, request)

    def _switch(self, site: str, request: dict[str, Any]) -> Any:
        return {"done": self._act(site, request), "seen": self._shown(site, request)}

    def _shown(self, site: str, request: dict[str, Any]) -> Any:
        return {
            "pools": [
                {
                    "mode": "image",
                    "mirror_uuid": f"{site}-uuid",
                    "peers": [{"site_name": PEER[site]}] if self.peers else [],
                    "images": {
                        name: self._facts(site, name, request["history"])
                        for name in pool["images"]
                        if name in self.images[site]
                    },
                }
                for pool in request["pools"]
            ]
        }

    def _facts(self, site: str, name: str, history: bool) -> dict[str, Any]:
        facts = self.images[site][name]
        if self.reporting:
            facts["peers"] = [{**peer, "at": f"report {len(self.looks)}"} for peer in facts["peers"]]
        return facts if history else {key: value for key, value in facts.items() if key != "snapshots"}

    def _act(self, site: str, request: dict[str, Any]) -> Any:
        answers = []
        for spec in request["images"]:
            verb, name = request["verb"], spec["image"]
            self.asked.append(f"{verb} {name} at {site}")
            waiting = self.faults.get((site, verb, name))
            code = waiting.pop(0) if waiting else self._change(site, verb, name)
            answers.append({"errno": code, "message": errno.errorcode.get(code, "")})
        return answers

    def _change(self, site: str, verb: str, name: str) -> int:
        facts = self.images[site][name]
        if verb == "demote":
            facts["mirror"]["primary"] = False
            number = facts["snapshots"][-1]["id"] + 5
            facts["snapshots"].append(_snapshot(number, "demoted"))
            if self.joined and not self.images[PEER[site]][name]["mirror"]["primary"]:
                self.arrive(PEER[site], name)
        elif verb in ("promote", "promote_forced"):
            facts["mirror"]["primary"] = True
            facts["snapshots"].append(_snapshot(facts["snapshots"][-1]["id"] + 2, "primary"))
        elif verb == "resync":
            facts.update(self._copy(site, name), id=f"{facts['id']}-again")
        elif verb in ("disable", "disable_copy"):
            del facts["mirror"]
        elif verb == "nudge":
            # an event of another client, which is replayed with all that is before it
            end = {"object_number": 1, "tag_tid": WRITTEN["tag_tid"] + 1, "entry_tid": 0}
            facts["journal"] = {key: {**client, "positions": [end]} for key, client in facts["journal"].items()}
        elif verb == "enable_snapshot":
            if "mirror" in facts:
                return errno.EEXIST
            self._mirror(site, name)
        return 0

    def arrive(self, site: str, name: str) -> None:
        """The peer's newest snapshot is copied here."""
        newest = self.images[PEER[site]][name]["snapshots"][-1]
        state = "demoted-copy" if newest["state"] == "demoted" else "non-primary"
        facts = self.images[site][name]
        facts["snapshots"].append(_snapshot(newest["id"], state, f"{PEER[site]}-uuid", newest["id"]))

    def _ask(self, site: str, request: dict[str, Any]) -> Any:
        answers = []
        for item in request["commands"]:
            command = item["command"]
            self.asked.append(
                f"{command['prefix']} {command.get('level_spec', '')} {command.get('interval', '')} {site}"
            )
            output = ""
            if command["prefix"].endswith("schedule list"):
                known = self.schedules[site].items()
                listed = {name: {"name": name, "schedule": [{"interval": i} for i in found]} for name, found in known}
                output = json.dumps(listed)
            elif command["prefix"].endswith("schedule add"):
                self.schedules[site].setdefault(command["level_spec"], set()).add(command["interval"])
            elif command["prefix"].endswith("schedule remove"):
                self.schedules[site][command["level_spec"]].discard(command["interval"])
            answers.append({"errno": 0, "message": "", "output": output})
        return answers

    def _copies(self, _site: str, request: dict[str, Any]) -> Any:
        answer = self.copying.pop(0) if self.copying else {"errno": 0, "message": "", "done": True, "told": REPLAYING}
        if answer.get("done"):
            self.copies.update({spec["copy"]: request["group"] for spec in request["images"]})
        return [answer for _spec in request["images"]]

    def _digest(self, site: str, request: dict[str, Any]) -> Any:
        def one(name: str, after: int) -> dict[str, Any]:
            self.digested.append(f"{name} at {site}")
            if (site, name) not in self.digests:
                return {"errno": errno.EIO, "message": "input/output error"}
            every = self.digests[site, name]
            parts = every[after : after + self.parts_a_round]
            size, done = len(every) * PART, after + len(parts) == len(every)
            return {"errno": 0, "message": "", "size": size, "parts": parts, "done": done}

        return [one(spec["image"], spec["after"]) for spec in request["images"]]

    def _remove_copies(self, _site: str, request: dict[str, Any]) -> Any:
        found = [name for name, group in self.copies.items() if name.endswith(request["end"])]
        going = [name for name in found if self.copies[name] == request["group"]]
        answers = [{"image": name, "errno": 0, "message": "", "removed": name in going} for name in found]
        self.copies = {name: group for name, group in self.copies.items() if name not in going}
        return [{**answer, "pool": "rbd", "namespace": ""} for answer in answers]

    def _mirror(self, site: str, name: str) -> None:
        self.images[site][name] = {
            "id": f"{site}-{name}",
            "mirror": {"mode": "snapshot", "state": "enabled", "primary": True, "global_id": name},
            "status": _report("stopped", "local image is primary"),
            "peers": [_report("replaying", REPLAYING)],
            "snapshots": [_snapshot(4, "primary")],
        }
        self.images[PEER[site]][name] = self._copy(PEER[site], name)

    def _copy(self, site: str, name: str) -> dict[str, Any]:
        newest = self.images[PEER[site]][name]["snapshots"][-1]["id"]
        return {
            "id": f"{site}-{name}",
            "mirror": {"mode": "snapshot", "state": "enabled", "primary": False, "global_id": name},
            "status": _report("replaying", REPLAYING),
            "peers": [_report("stopped", "local image is primary")],
            "snapshots": [_snapshot(newest, "non-primary", f"{PEER[site]}-uuid", newest)],
        }


def impatient_pair(monkeypatch: pytest.MonkeyPatch, *names: str) -> CephPair:
    """Of which a silent cluster is not asked again."""
    monkeypatch.setattr(ceph_rbd, "PATIENCE", 0.0)
    return CephPair(*names)


def journaled_pair(monkeypatch: pytest.MonkeyPatch, *names: str) -> CephPair:
    """Images with journals that west has replayed, with the same data at both sites."""
    found = impatient_pair(monkeypatch, *names)
    for site in SITES:
        for name, facts in found.images[site].items():
            facts["mirror"]["mode"] = "journal"
            facts["journal"] = {}
            found.digests[site, name] = [f"{name}-0", f"{name}-1"]
            facts["size"] = 2 * PART
    for name in names:
        replayed(found, name, WRITTEN)
    return found


def replayed(pair: CephPair, name: str, position: dict[str, int], state: str = "connected") -> None:
    """How far west is in the journal of an image at east."""
    written = {"state": "connected", "positions": [WRITTEN]}
    pair.images["east"][name]["journal"] = {"": written, "west-uuid": {"state": state, "positions": [position]}}


def group(**options: Any) -> Group:
    """All images."""
    return Group("payroll", LabelSelector(), options=options)


def journaled(**options: Any) -> Group:
    return group(mode="journal", **options)


REPLAYING = 'replaying, {"local_snapshot_timestamp":1795342420,"replay_state":"idle"}'


def _report(state: str, description: str) -> dict[str, Any]:
    return {"state": state, "up": True, "description": description, "at": "2026-11-22T10:30:20", "mirror_uuid": ""}


def _snapshot(number: int, state: str, origin: str = "", origin_id: int | None = None) -> dict[str, Any]:
    return {"id": number, "state": state, "complete": True, "origin": origin, "origin_id": origin_id, "copied": 4}
