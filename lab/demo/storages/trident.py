"""A CSI volume per VM, each an export of its own, that a double of Trident mirrors."""

from __future__ import annotations

from typing import Any

from demo.cluster import Object
from demo.storages.csi_addons import DRIVER, GROUP, CsiAddonsStorage


class TridentStorage(CsiAddonsStorage):
    """Volumes, rules and addresses as csi-addons has them: both know volumes by their claims."""

    lab_options = ()

    def __init__(self) -> None:
        super().__init__("volume")

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "trident",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {"driver": DRIVER, "timeout": "2m"},
        }
