# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fencing by csi-addons: a NetworkFence at the survivor for the addresses of the lost site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._cluster.api import Api
from ..._cluster.kinds import NETWORK_FENCE, NETWORK_FENCE_CLASS
from ..._errors import Conflict, NotFound, Refused, Unsupported
from ..._model.plan import Group
from ..site_handle import SiteHandle
from .fence_state import ask, await_state, remove
from .objects import is_given_up, network_fence
from .options import FenceOptions, fence_options_of
from .status import FENCE_ASKED, FENCE_CIDRS, FENCE_DRIVER, PARAMETERS, PROVISIONER, owner

Object = dict[str, Any]
RESERVED = "csiaddons.openshift.io/"
SECRET_NAME = f"{RESERVED}networkfence-secret-name"
SECRET_NAMESPACE = f"{RESERVED}networkfence-secret-namespace"


class Fence:
    """The fence of one plan around one lost site; groups of the same driver and addresses share it."""

    def __init__(self, group: Group, survivor: SiteHandle, lost: str, seconds: float) -> None:
        self._survivor = survivor
        self._lost = lost
        self._seconds = seconds
        self._api: Api = survivor.api
        self._plan = survivor.plan.name
        options = fence_options_of(group, survivor.name, lost)
        driver, secret, parameters = self._how(options)
        self.wanted = network_fence(self._plan, lost, driver, options.cidrs, secret, parameters)
        self.name: str = self.wanted["metadata"]["name"]

    def close(self) -> str:
        """Fence the lost site; the evidence, as read back."""
        found = self._find()
        if found and is_given_up(found):
            # another plan may have lifted it since: its success is none any more
            remove(self._survivor, self.name, self._lost, self._seconds)
            found = None
        found = found or self._create()
        self._check_meant(found)
        if FENCE_ASKED.read(found) != "Fenced":
            ask(self._api, self.name, "Fenced")
        await_state(self._survivor, self.name, "Fenced", self._lost, self._seconds)
        cidrs = ", ".join(FENCE_CIDRS.read(self.wanted))
        return f"NetworkFence {self.name} at {self._survivor.name}: {cidrs} fenced by {FENCE_DRIVER.read(self.wanted)}"

    def _how(self, options: FenceOptions) -> tuple[str, Mapping[str, str], Mapping[str, str]]:
        """Driver, secret and parameters; of a class what it has."""
        if not options.class_name:
            return options.provisioner, options.secret, {}
        try:
            found = self._api.get(NETWORK_FENCE_CLASS, options.class_name)
        except NotFound as error:
            raise self._refused(
                f"fence {self._lost}",
                f"NetworkFenceClass/{options.class_name}",
                f"absent: {error.seen}",
                "the class that options.fence names",
                "create it, or correct the options",
            ) from error
        parameters = PARAMETERS.read(found) or {}
        secret = {"name": parameters.get(SECRET_NAME, ""), "namespace": parameters.get(SECRET_NAMESPACE, "")}
        if not all(secret.values()):
            raise self._refused(
                f"fence {self._lost}",
                f"NetworkFenceClass/{options.class_name}",
                "it names no secret",
                f"parameters {SECRET_NAME} and {SECRET_NAMESPACE}",
                "correct the class",
            )
        rest = {key: value for key, value in parameters.items() if not key.startswith(RESERVED)}
        return PROVISIONER.read(found), secret, rest

    def _find(self) -> Object | None:
        found = self._api.find(NETWORK_FENCE, self.name)
        if found and owner(found) != self._plan:
            raise self._refused(
                f"fence {self._lost}",
                f"NetworkFence/{self.name}",
                f"an object of {owner(found) or 'somebody else'} has this name",
                f"absent, or of plan {self._plan}",
                "it was not touched: find out whose it is, then remove it",
            )
        return found

    def _create(self) -> Object:
        try:
            return self._api.create(NETWORK_FENCE, self.wanted, strict=True)
        except NotFound as error:
            raise self._not_served(error) from error
        except Conflict:
            # a group that shares it was faster, or the answer to a first request was lost
            found = self._find()
            if found is None:
                raise
            return found

    def _check_meant(self, found: Object) -> None:
        """What has the name may have been changed by hand."""
        wrong = [
            f"{field.path} is {_words(field.read(found))}, wanted {_words(field.read(self.wanted))}"
            for field in (FENCE_DRIVER, FENCE_CIDRS)
            if _words(field.read(found)) != _words(field.read(self.wanted))
        ]
        if wrong:
            raise self._refused(
                f"fence {self._lost}",
                f"NetworkFence/{self.name}",
                "; ".join(wrong),
                "the driver and the addresses of the plan",
                "it was not touched: unfence what it fences and delete it, then start again",
            )

    def _refused(self, tried: str, on: str, seen: str, wanted: str, next_step: str) -> Refused:
        return Refused(tried, site=self._survivor.name, on=on, seen=seen, wanted=wanted, next_step=next_step)

    def _not_served(self, error: NotFound) -> Unsupported:
        return Unsupported(
            f"fence {self._lost}",
            site=self._survivor.name,
            on=NETWORK_FENCE.resource,
            seen=f"the site does not serve it: {error.seen}",
            next_step="install csi-addons there, fence by other means, or waive it by name: dr_waive_fencing=<reason>",
        )


def _words(found: Any) -> str:
    return ", ".join(sorted(found)) if isinstance(found, list) else str(found)
