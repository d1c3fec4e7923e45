"""A CSI volume per VM, each an export of its own, that a double of Hitachi's replication operator pairs as one group.

The double is part of the integration tests, which run it beside the lab.
"""

from __future__ import annotations

from typing import Any

from demo.cluster import Object
from demo.storages.csi_addons import DRIVER, GROUP, CsiAddonsStorage

# of each wait: the double's array takes seconds
OPTIONS: Object = {"driver": DRIVER, "timeout": "3m"}


class HitachiStorage(CsiAddonsStorage):
    """Volumes, rules and addresses as csi-addons has them: both know volumes by their claims."""

    lab_options = ()

    def __init__(self) -> None:
        super().__init__("group")

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        # without max_lag: the product never tells how old a copy is
        return {"provider": "hitachi", "groups": [{"name": GROUP, "selector": {}}], "options": OPTIONS}
