# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The latch: keeps every VMI of a plan from being created at a site, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import Failed, NotFound, Refused, Timeout
from .api import Api, Object
from .bulk import for_each
from .clock import Deadline
from .kinds import ADMISSION_BINDING, ADMISSION_POLICY, CONFIG_MAP, RESOURCE_QUOTA, VMI

MESSAGE = "the DR latch of plan {plan} is closed: its volumes are not verified at this site, or it lives elsewhere"
QUOTA_KEY = "count/virtualmachineinstances.kubevirt.io"
# the policy's informer and the quota controller need moments to know a new object
EFFECT_TIMEOUT = 60.0
POLL = 0.2
PROBE = "dr-latch-probe"
PREFIX = "dr-latch-"


def is_latch(quota: Object) -> bool:
    """Whether a ResourceQuota is the latch of a plan: it is gone before anything starts."""
    return quota["metadata"]["name"].startswith(PREFIX) and QUOTA_KEY in (quota["spec"].get("hard") or {})


class Latch:
    """A ValidatingAdmissionPolicy over the plan's VMs, or a ResourceQuota where the site serves no policies.

    names: "namespace.name" of each VM. The policy looks a VMI's name up in a ConfigMap of these, so VMs of the same
    namespace that the plan does not select are left alone. A quota cannot tell them apart: it holds the namespaces.
    """

    def __init__(self, api: Api, plan: str, namespaces: tuple[str, ...], store_namespace: str) -> None:
        self._api = api
        self._plan = plan
        self._namespaces = namespaces
        self._store = store_namespace
        self._name = f"{PREFIX}{plan}"

    @property
    def uses_policies(self) -> bool:
        try:
            self._api.list(ADMISSION_POLICY, fields=f"metadata.name={self._name}")
        except NotFound:
            return False
        return True

    def is_closed(self) -> bool:
        """Whether the latch's objects are there; `close` and `open` prove the effect."""
        if self._api.find(ADMISSION_BINDING, self._name) is not None:
            return True
        return any(self._api.find(RESOURCE_QUOTA, self._name, namespace) for namespace in self._namespaces)

    def exists(self) -> bool:
        """Whether anything of it is there; what an opening that was killed has left holds nothing."""
        kinds = ((ADMISSION_BINDING, None), (ADMISSION_POLICY, None), (CONFIG_MAP, self._store))
        if any(self._api.find(kind, self._name, namespace) for kind, namespace in kinds):
            return True
        return any(self._api.find(RESOURCE_QUOTA, self._name, namespace) for namespace in self._namespaces)

    def close(self, names: Iterable[str]) -> None:
        """Close it and prove by a server-side dry run that a VMI of the plan is denied."""
        if self.uses_policies:
            self._close_policy(set(names))
        else:
            self._close_quota()
        self._wait(denied=True)

    def open(self) -> None:
        """Open it and prove that VMIs of the plan are admitted again."""
        self._api.delete(ADMISSION_BINDING, self._name)
        self._api.delete(ADMISSION_POLICY, self._name)
        self._api.delete(CONFIG_MAP, self._name, self._store)
        for namespace in self._namespaces:
            self._api.delete(RESOURCE_QUOTA, self._name, namespace)
        self._wait(denied=False)

    def _close_policy(self, names: set[str]) -> None:
        names |= {f"{namespace}.{PROBE}" for namespace in self._namespaces}
        self._api.apply(
            CONFIG_MAP,
            {"metadata": {"name": self._name, "namespace": self._store}, "data": dict.fromkeys(sorted(names), "")},
        )
        self._api.apply(
            ADMISSION_POLICY,
            {
                "metadata": {"name": self._name},
                "spec": {
                    "failurePolicy": "Fail",
                    "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
                    "matchConstraints": {
                        "namespaceSelector": {
                            "matchExpressions": [
                                {
                                    "key": "kubernetes.io/metadata.name",
                                    "operator": "In",
                                    "values": list(self._namespaces),
                                }
                            ]
                        },
                        "resourceRules": [
                            {
                                "apiGroups": [VMI.group],
                                "apiVersions": ["*"],
                                "operations": ["CREATE"],
                                "resources": [VMI.plural],
                            }
                        ],
                    },
                    "validations": [
                        {
                            "expression": "!(request.namespace + '.' + request.name in params.data)",
                            "message": MESSAGE.format(plan=self._plan),
                        }
                    ],
                },
            },
        )
        self._api.apply(
            ADMISSION_BINDING,
            {
                "metadata": {"name": self._name},
                "spec": {
                    "policyName": self._name,
                    "validationActions": ["Deny"],
                    "paramRef": {
                        "name": self._name,
                        "namespace": self._store,
                        "parameterNotFoundAction": "Deny",
                    },
                },
            },
        )

    def _close_quota(self) -> None:
        for namespace in self._namespaces:
            self._api.apply(
                RESOURCE_QUOTA,
                {"metadata": {"name": self._name, "namespace": namespace}, "spec": {"hard": {QUOTA_KEY: "0"}}},
            )

    def _wait(self, denied: bool) -> None:
        """Probe each namespace until a VMI of the plan's latch is denied, or admitted, there."""
        outcome = for_each(self._namespaces, lambda namespace: self._wait_in(namespace, denied))
        for _namespace, error in outcome.failed:
            raise error

    def _wait_in(self, namespace: str, denied: bool) -> None:
        deadline = Deadline(self._api.clock, EFFECT_TIMEOUT)
        while True:
            answer = self._probe(namespace)
            if (answer is not None) == denied:
                return
            if deadline.over:
                raise Timeout(
                    "close the latch" if denied else "open the latch",
                    site=self._api.site,
                    on=f"namespace {namespace}",
                    seen=answer or "a VMI of the plan is admitted",
                    wanted="denied" if denied else "admitted",
                    waited=deadline.elapsed,
                    next_step="look for another policy or quota on virtualmachineinstances, then start again",
                )
            self._api.clock.sleep(POLL)

    def _probe(self, namespace: str) -> str | None:
        """The latch's denial of a VMI, created as a dry run; None when the latch lets it pass."""
        body = {
            "apiVersion": VMI.api_version,
            "kind": VMI.kind,
            "metadata": {"name": PROBE, "namespace": namespace},
            "spec": {"domain": {"devices": {}, "memory": {"guest": "64Mi"}}},
        }
        try:
            self._api.create(VMI, body, dry_run=True)
        except Refused as error:
            return error.seen if self._is_ours(error) else None
        except Failed as error:
            if self._is_ours(error):
                return error.seen
            if error.status in (400, 403, 422):
                return None  # somebody else's rule speaks, ours let it pass
            raise
        return None

    def _is_ours(self, error: Failed | Refused) -> bool:
        seen = error.seen or ""
        return self._name in seen or MESSAGE.format(plan=self._plan) in seen
