# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pods of a workload mount and refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# every namespace has these from its own cluster
DEFAULT_ACCOUNT = "default"
OF_CLUSTER = ("kube-root-ca.crt", "openshift-service-ca.crt")


def pod_template(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Metadata and spec of the pods that a workload makes."""
    spec: Mapping[str, Any] = workload["spec"]
    if "jobTemplate" in spec:
        spec = spec["jobTemplate"]["spec"]
    found: Mapping[str, Any] = spec["template"]
    return found


def template_labels(workload: Mapping[str, Any]) -> Mapping[str, str]:
    return (pod_template(workload).get("metadata") or {}).get("labels") or {}


def named_claims(pod: Mapping[str, Any]) -> list[str]:
    """Claims that a pod's spec names."""
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod.get("volumes") or []
        if "persistentVolumeClaim" in volume
    ]


def needed_claims(workload: Mapping[str, Any], replicas: int) -> list[str]:
    """Claims of so many replicas; a StatefulSet has one of each template for each of them."""
    first = (workload["spec"].get("ordinals") or {}).get("start", 0)
    own = [
        f"{template['metadata']['name']}-{workload['metadata']['name']}-{number}"
        for template in _claim_templates(workload)
        for number in range(first, first + replicas)
    ]
    return [*named_claims(pod_template(workload)["spec"]), *own]


def by_replica(claims: Iterable[str]) -> dict[str, list[str]]:
    """namespace/name of claims by the same without its last number, as replicas of a StatefulSet share it."""
    found: dict[str, list[str]] = {}
    for key in claims:
        stem, dash, number = key.rpartition("-")
        if dash and number.isdigit():
            found.setdefault(stem, []).append(key)
    return found


def used_claims(workload: Mapping[str, Any], replicas: Mapping[str, list[str]]) -> set[str]:
    """namespace/name of all claims that a workload uses, those of replicas that it had once included.

    replicas: the claims of the site, as `by_replica` gives them.
    """
    namespace, name = workload["metadata"]["namespace"], workload["metadata"]["name"]
    named = {f"{namespace}/{claim}" for claim in named_claims(pod_template(workload)["spec"])}
    stems = [f"{namespace}/{template['metadata']['name']}-{name}" for template in _claim_templates(workload)]
    return named.union(*(replicas.get(stem, ()) for stem in stems))


def pod_references(workload: Mapping[str, Any]) -> dict[tuple[str, str], bool]:
    """(kind, name) of what the pods refer to, apart from claims, to whether they do not run without it."""
    found: dict[tuple[str, str], bool] = {}
    for kind, name, optional in _references(pod_template(workload)["spec"]):
        if name not in OF_CLUSTER:
            found[kind, name] = found.get((kind, name), False) or not optional
    return found


def _claim_templates(workload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return workload["spec"].get("volumeClaimTemplates") or []


def _references(pod: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    for volume in pod.get("volumes") or []:
        yield from _of_source(volume, "secretName")
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _of_source(source, "name")
    for container in [*(pod.get("containers") or []), *(pod.get("initContainers") or [])]:
        for source in container.get("envFrom") or []:
            yield from _named(source, "secretRef", "configMapRef")
        for variable in container.get("env") or []:
            yield from _named(variable.get("valueFrom") or {}, "secretKeyRef", "configMapKeyRef")
    account = pod.get("serviceAccountName") or DEFAULT_ACCOUNT
    if account != DEFAULT_ACCOUNT:
        yield "ServiceAccount", account, False
    for secret in pod.get("imagePullSecrets") or []:
        # an image that is public, or on the node already, is pulled without it
        if secret.get("name"):
            yield "Secret", secret["name"], True


def _of_source(source: Mapping[str, Any], secret_key: str) -> Iterator[tuple[str, str, bool]]:
    secret, settings = source.get("secret") or {}, source.get("configMap") or {}
    if secret.get(secret_key):
        yield "Secret", secret[secret_key], bool(secret.get("optional"))
    if settings.get("name"):
        yield "ConfigMap", settings["name"], bool(settings.get("optional"))


def _named(source: Mapping[str, Any], secret: str, settings: str) -> Iterator[tuple[str, str, bool]]:
    for kind, key in (("Secret", secret), ("ConfigMap", settings)):
        named = source.get(key) or {}
        if named.get("name"):
            yield kind, named["name"], bool(named.get("optional"))
