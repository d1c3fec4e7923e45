"""A CSI volume per VM, each an export of its own, that a double of Ramen moves with the VMs.

The double is part of the integration tests, which run it beside the lab. Its hub is at west.
"""

from __future__ import annotations

from typing import Any

from demo.cluster import Object
from demo.storages.csi_addons import GROUP, CsiAddonsStorage

HUB = "west"
# of each wait: the double's operators take seconds
TIMEOUT = "3m"


class RamenStorage(CsiAddonsStorage):
    """The same volumes; nobody asks csi-addons for them."""

    lab_options = ()

    def __init__(self) -> None:
        super().__init__("volume")

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "ramen",
            "max_lag": "2m",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {"hub": {"kubeconfig": sites[HUB]["kubeconfig"]}, "timeout": TIMEOUT},
        }
