"""The volumes of csi-addons' storage, which its manager replicates as the page of provider `custom` describes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from demo.cluster import Object
from demo.storages.csi_addons import DRIVER, GROUP, TIMEOUT, CsiAddonsStorage, site_options

PAGE = Path(__file__).parents[3] / "docs" / "providers" / "custom.md"


def example() -> Object:
    """`options` of the plan in the page."""
    block = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    options: Object = yaml.safe_load(block)["replication"]["options"]
    return options


class CustomStorage(CsiAddonsStorage):
    def __init__(self) -> None:
        super().__init__("volume")

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        classes = {name: site_options(site["csi_addons"])["class"] for name, site in sites.items()}
        return {
            "provider": "custom",
            "max_lag": "2m",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {
                **example(),
                "covers": f"spec.csi.driver == '{DRIVER}'",
                "timeout": TIMEOUT,
                "sites": {name: {"values": {"class": found}} for name, found in classes.items()},
            },
        }
