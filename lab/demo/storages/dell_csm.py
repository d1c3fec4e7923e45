"""A CSI volume per VM, each an export of its own, that a double of Dell CSM Replication switches as one group.

The double is part of the integration tests, which run it beside the lab.
"""

from __future__ import annotations

from typing import Any

from demo.cluster import Object
from demo.storages.csi_addons import GROUP, CsiAddonsStorage

# of each wait: the double's array takes seconds
TIMEOUT = "3m"


class DellCsmStorage(CsiAddonsStorage):
    """The same volumes; nobody asks csi-addons for them."""

    lab_options = ()

    def __init__(self) -> None:
        super().__init__("group")

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            # without max_lag: the product never tells how old a copy is
            "provider": "dell_csm",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {"timeout": TIMEOUT},
        }
