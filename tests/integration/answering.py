# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover whose VMs have to answer before they count as ready, two of which do not at first."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import World, must
from demo.cluster import Cluster, wait_until
from demo.playbook import Played
from demo.workload import NAMESPACE

HERE = "127.0.0.1"
HANDLER = "system:serviceaccount:kubevirt:kubevirt-handler"
# requests until the web server says that it is well
WARM = 3
# at east every node has it, at west none until somebody mends it
LABEL = {"rack": "r1"}
UNSCHEDULABLE, SILENT, SERVING = "web-0", "web-1", "app-0"
HEALTH = "/healthz"
NODES = "/api/v1/nodes"
HOOK = """\
- name: Keep what the start says
  ansible.builtin.copy:
    content: "{{ dr_hook | to_json }}"
    dest: "%s"
    mode: "0600"
"""


class VirtHandler(Cluster):
    """As virt-handler, the only one that may write a VMI."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(kubeconfig)
        # in the lab it has the rights of an administrator; the name is what KubeVirt's webhook looks at
        self._session.headers.update({"Impersonate-User": HANDLER, "Impersonate-Group": "system:masters"})

    def show_addresses(self) -> None:
        """Every running guest is reached at this machine: guests of the lab have no network."""
        for vmi in self.list("VirtualMachineInstance", NAMESPACE):
            status = vmi.get("status", {})
            if status.get("phase") == "Running" and not any(
                item.get("ipAddress") for item in status.get("interfaces", [])
            ):
                shown = {"status": {"interfaces": [{"name": "default", "ipAddress": HERE}]}}
                self.patch("VirtualMachineInstance", vmi["metadata"]["name"], NAMESPACE, shown)


@dataclass(frozen=True)
class Answering:
    """first: the failover with both failures; hook_file: what its hook kept, and when; silent: the port of SILENT.

    began: when the VMIs of the applications were created. asked: paths that the web server of SERVING was asked for.
    """

    world: World
    first: Played
    hook_file: Path
    silent: int
    began: list[str]
    asked: list[str]

    @property
    def hook(self) -> dict[str, Any]:
        return json.loads(self.hook_file.read_text())

    def retry(self, *only: str) -> Played:
        options = ("-e", json.dumps({"dr_only": list(only)})) if only else ()
        with addresses(self.world):
            return self.world.failover(*options)

    def make_schedulable(self) -> None:
        west = self.world.cluster("west")
        _label_nodes(west)

        def pending() -> list[str]:
            phase = west.get("VirtualMachineInstance", UNSCHEDULABLE, NAMESPACE).get("status", {}).get("phase", "")
            return [] if phase == "Running" else [f"{UNSCHEDULABLE}, which is {phase}"]

        wait_until("the launcher to be scheduled", 120, pending)


def fail_over_with_silent_vms(world: World) -> Answering:
    east = world.cluster("east")
    world.deploy()
    _label_nodes(east)
    selector = {"spec": {"template": {"spec": {"nodeSelector": LABEL}}}}
    east.patch("VirtualMachine", UNSCHEDULABLE, NAMESPACE, selector)
    hook_file = world.folder / "hook.json"
    (world.folder / "checks.yml").write_text(HOOK % hook_file)
    # the port of the one that is silent is free again: nobody listens there
    with listening() as port, listening() as silent:
        pass
    with listening(port), serving() as (web, asked):
        own = {"dr.ocpvirt.io/readiness": json.dumps({"tcp": {"port": silent}})}
        east.patch("VirtualMachine", SILENT, NAMESPACE, {"metadata": {"annotations": own}})
        own = {"dr.ocpvirt.io/readiness": json.dumps({"http": {"port": web, "path": HEALTH}})}
        east.patch("VirtualMachine", SERVING, NAMESPACE, {"metadata": {"annotations": own}})
        databases, _applications, _rest = world.document["startup"]["waves"]
        databases["readiness"] = {"tcp": {"port": port}, "hook": "checks.yml"}
        world.write_plan("payroll", world.document)
        must(world.protect())
        world.storage.await_replicated(world.sites)
        world.lab.run("lose", "east")
        with addresses(world):
            first = world.failover()
    vmis = world.cluster("west").list("VirtualMachineInstance", NAMESPACE)
    began = [item["metadata"]["creationTimestamp"] for item in vmis if item["metadata"]["name"].startswith("app-")]
    return Answering(world, first, hook_file, silent, began, asked)


@contextmanager
def addresses(world: World) -> Iterator[None]:
    """Guests at west have addresses while this lasts."""
    ended = threading.Event()
    handler = VirtHandler(world.cluster("west").kubeconfig)

    def show() -> None:
        while not ended.wait(0.5):
            try:
                handler.show_addresses()
            except RuntimeError:
                continue  # somebody else wrote it meanwhile

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def listening(port: int = 0) -> Iterator[int]:
    with socket.create_server((HERE, port)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def serving() -> Iterator[tuple[int, list[str]]]:
    """A guest's web server that has to warm up: its port, and the paths that it was asked for."""
    asked: list[str] = []

    class Warming(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(HTTPStatus.SERVICE_UNAVAILABLE if len(asked) < WARM else HTTPStatus.OK)
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer((HERE, 0), Warming)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _label_nodes(cluster: Cluster) -> None:
    for node in cluster.call("GET", NODES)["items"]:
        body = {"metadata": {"labels": LABEL}}
        cluster.call("PATCH", f"{NODES}/{node['metadata']['name']}", body, "application/merge-patch+json")
