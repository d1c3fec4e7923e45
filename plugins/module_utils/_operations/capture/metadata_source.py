# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which metadata source a plan names, and which capture a run restores from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..._errors import Refused
from ..._metadata.base import MetadataSource
from ..._metadata.export import ExportSource
from ..._metadata.export_directory import DirectoryStore
from ..._metadata.export_store import Store
from ..._metadata.gitops import GitopsSource
from ..._metadata.oadp import OadpSource
from ..._metadata.vendor import VendorSource
from ..._model.plan import Plan
from ..plan.plan_source import resolve_references
from ..run.session import Session

# those that need nothing but the plan
BARE = {"oadp": OadpSource, "gitops": GitopsSource, "vendor": VendorSource}
SOURCES: dict[str, type[MetadataSource]] = {**BARE, "export": ExportSource}


def source_of(plan: Plan) -> MetadataSource:
    """The plan's metadata source; the secrets that it refers to are read now."""
    if plan.metadata.export is not None:
        return ExportSource(plan, _store(plan.metadata.export))
    return BARE[plan.metadata.source](plan)


def needs_of(plan: Plan) -> frozenset[str]:
    """Products that the plan's metadata source needs at both sites."""
    return SOURCES[plan.metadata.source].needs


def restores(plan: Plan) -> bool:
    """Whether manifests are restored by us; else somebody else brings them, and they are verified."""
    return SOURCES[plan.metadata.source].restores


def makes_volumes(plan: Plan) -> bool:
    """Whether claims and volumes are made by us from a capture."""
    return SOURCES[plan.metadata.source].makes_volumes


def _store(place: Mapping[str, Any]) -> Store:
    if "directory" in place:
        return DirectoryStore(os.path.expanduser(place["directory"]))
    # its client library costs a tenth of a second, which the start of a module does not have to spare
    from ..._metadata.export_s3 import S3Store

    return S3Store(resolve_references(place["s3"], os.environ))


def chosen_capture(session: Session) -> str:
    """The capture that the run's capture step chose."""
    chosen = session.load("capture")
    if chosen is None:
        raise Refused(
            "restore from a capture",
            site=session.target,
            on=f"run {session.run.id}",
            seen="it has chosen none",
            wanted="a capture",
            next_step="run the capture step first",
        )
    return str(chosen["name"])
