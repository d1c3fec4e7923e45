# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether our account may do something: the API server's own answer, by SelfSubjectAccessReview. Nothing is written."""

from __future__ import annotations

from .api import Api
from .kinds import ACCESS_REVIEW

EVERYTHING = ("*", "*", "*")


def is_allowed(api: Api, verb: str, group: str, resource: str, namespace: str | None = None) -> bool:
    """resource: `virtualmachines`, or `virtualmachines/start`. Without a namespace: in the whole cluster."""
    name, _slash, subresource = resource.partition("/")
    asked = {"verb": verb, "group": group, "resource": name, "subresource": subresource, "namespace": namespace or ""}
    review = api.create(ACCESS_REVIEW, {"metadata": {}, "spec": {"resourceAttributes": asked}})
    return bool((review.get("status") or {}).get("allowed"))
