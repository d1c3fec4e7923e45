# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller of a replication product at one site of the lab: it acts on the product's objects as the product does.

The definitions are the vendor's own where they are at hand, else as open as the real ones are in the fields used.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import yaml
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from ansible_collections.ocpvirt.dr.tests.integration.products.exports import Exports
from demo.cluster import Cluster, Object, wait_until
from demo.lab import Lab

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"
SERVED_WITHIN = 120


class ProductController(ABC):
    """exports, peer_exports: the storage of its site and of the other one."""

    # of the vendor's definitions, the names of the files
    definitions: ClassVar[tuple[str, ...]] = ()

    def __init__(self, lab: Lab, site: str) -> None:
        sites: dict[str, dict[str, Any]] = lab.environment()["sites"]
        self.site = site
        (self.peer,) = set(sites) - {site}
        self.facts, self.peer_facts = sites[site], sites[self.peer]
        # sessions of its own: it works in a thread
        self.cluster = Cluster(lab.cluster(site).kubeconfig)
        self.peer_cluster = Cluster(lab.cluster(self.peer).kubeconfig)
        self.exports, self.peer_exports = Exports(self.facts), Exports(self.peer_facts)

    def reconcile(self) -> None:
        """Once over all objects. A lab that was reset gets the definitions anew."""
        self.define()
        self.act()

    @abstractmethod
    def act(self) -> None: ...

    def define(self) -> None:
        there = {item["metadata"]["name"] for item in self.cluster.call("GET", DEFINITIONS)["items"]}
        for body in self.crds():
            if body["metadata"]["name"] not in there:
                self.cluster.call("POST", DEFINITIONS, body)

    def crds(self) -> list[Object]:
        """A product whose definitions are not at hand returns its own."""
        folder = Path(os.environ["VENDOR_CRDS"])
        return [yaml.safe_load((folder / name).read_text()) for name in self.definitions]

    def put_status(self, path: str, status: Object) -> None:
        """path: of the object. Only what differs is written, as by a controller that compares first."""
        if self.cluster.call("GET", path).get("status") != status:
            self.cluster.call("PATCH", f"{path}/status", {"status": status}, MERGE)


@contextmanager
def controllers(kind: type[ProductController], lab: Lab) -> Iterator[dict[str, ProductController]]:
    """One at each site until the block ends, by the site's name."""
    made = {site: kind(lab, site) for site in lab.environment()["sites"]}
    with control_loop(*(controller.reconcile for controller in made.values())):
        yield made


def await_served(lab: Lab, paths: Iterable[str]) -> None:
    """At both sites, from the moment on when the definitions were made."""
    wanted = [(site, path) for site in lab.environment()["sites"] for path in paths]

    def unserved() -> list[str]:
        return [f"{path} at {site}: {answer}" for site, path in wanted if (answer := _refusal(lab, site, path))]

    wait_until("the kinds of a product", SERVED_WITHIN, unserved)


def _refusal(lab: Lab, site: str, path: str) -> str:
    try:
        lab.cluster(site).call("GET", path)
    except RuntimeError as error:
        return str(error)
    return ""
