# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets and key services without which a site cannot open a volume. Pure; what a Secret holds is never shown."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._model.finding import Finding
from ..vm.parts import some

Object = Mapping[str, Any]

SECRET_REFS = (
    "nodeStageSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
)
# what drivers call a volume that is encrypted, and the entry of its Secret that opens it
ENCRYPTED = ("encrypted", "LUKSEncryption")
PASSPHRASES = ("encryptionPassphrase", "luks-passphrase")
KMS_ID = "encryptionKMSID"
# where Ceph-CSI reads its key services: one entry for each, or all of them in one JSON document
KMS_CONFIGS = ("csi-kms-connection-details", "ceph-csi-encryption-kms-config")
KMS_DOCUMENT = "config.json"
# in the namespace of a claim, where its key service knows tenants
TENANT_TOKEN = "ceph-csi-kms-token"


@dataclass(frozen=True)
class KeyNeeds:
    """secrets: namespace/name to the claims of volumes that name it. services: (namespace, id) to such claims.

    tenants: Secrets that are needed at the target if the source has them. passphrases: (at the one site, at the other)
    of Secrets that hold what opens a volume.
    """

    secrets: dict[str, list[str]]
    tenants: dict[str, list[str]]
    services: dict[tuple[str, str], list[str]]
    passphrases: dict[tuple[str, str], list[str]]


def key_needs(volumes: Iterable[tuple[str, Object, Object]]) -> KeyNeeds:
    """volumes: each claim's key, its PV as it is, and its PV as a move makes it."""
    needs = KeyNeeds({}, {}, {}, {})
    for claim, before, after in volumes:
        csi = after["spec"].get("csi") or {}
        refs = _secret_refs(after)
        for ref in sorted(set(refs.values())):
            needs.secrets.setdefault(ref, []).append(claim)
        attributes = csi.get("volumeAttributes") or {}
        if not any(str(attributes.get(name)).lower() == "true" for name in ENCRYPTED):
            continue
        stage, stage_before = refs.get(SECRET_REFS[0]), _secret_refs(before).get(SECRET_REFS[0])
        if stage and KMS_ID in attributes:
            needs.services.setdefault((stage.partition("/")[0], attributes[KMS_ID]), []).append(claim)
            needs.tenants.setdefault(f"{claim.partition('/')[0]}/{TENANT_TOKEN}", []).append(claim)
        elif stage and stage_before:
            needs.passphrases.setdefault((stage_before, stage), []).append(claim)
    return needs


def key_findings(
    needs: KeyNeeds,
    brought: Collection[str],
    here: Mapping[str, Object],
    there: Mapping[str, Object],
    configs: Mapping[str, Sequence[Object]],
    target: str,
) -> Iterator[Finding]:
    """brought: keys of Secrets that a move brings. here, there: Secrets by key, of both sites.

    configs: by namespace of the target the ConfigMaps of its key services. What could not be read is not in them.
    """
    tenants = {ref: claims for ref, claims in needs.tenants.items() if ref in here}
    for ref, claims in sorted({**needs.secrets, **tenants}.items()):
        if ref not in there and ref not in brought:
            message = f"it is absent, and the volumes of {some(claims)} need it: nobody could attach or open them"
            yield Finding(
                "blocker",
                "VolumeSecretAbsent",
                f"Secret/{ref}",
                message,
                f"create it at {target}, or let the volume's rule name the one of that site",
                target,
            )
    for (namespace, service), claims in sorted(needs.services.items()):
        if namespace in configs and not any(_knows(config, service) for config in configs[namespace]):
            message = f"no key service {service} is configured in {namespace}: the volumes of {some(claims)} stay shut"
            yield Finding(
                "blocker",
                "KeyServiceAbsent",
                f"ConfigMap/{namespace}/{KMS_CONFIGS[0]}",
                message,
                f"configure {service} at {target} as at the other site, with the same keys behind it",
                target,
            )
    for (before, after), claims in sorted(needs.passphrases.items()):
        if before in here and after in there and _opener(here[before]) != _opener(there[after]):
            yield Finding(
                "blocker",
                "PassphraseDiffers",
                f"Secret/{after}",
                f"its passphrase is not that of the other site: it does not open the volumes of {some(claims)}",
                f"give the Secret at {target} the passphrase of Secret {before} at the other site",
                target,
            )


def _secret_refs(pv: Object) -> dict[str, str]:
    csi = pv["spec"].get("csi") or {}
    found = {name: csi.get(name) or {} for name in SECRET_REFS}
    return {name: f"{ref.get('namespace')}/{ref['name']}" for name, ref in found.items() if ref.get("name")}


def _opener(secret: Object) -> dict[str, Any]:
    data = secret.get("data") or {}
    return {name: data[name] for name in PASSPHRASES if name in data}


def _knows(config: Object, service: str) -> bool:
    data = config.get("data") or {}
    if service in data:
        return True
    try:
        document = json.loads(data.get(KMS_DOCUMENT) or "{}")
    except ValueError:
        return False
    return isinstance(document, dict) and service in document
