# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of Hitachi's Replication and ReplicationGroup for tests, where the vendor's own are not at hand.

They are ours: written anew, with the names, types and requirements of the fields in use as the plug-in's 3.18.3 has
them, and with no field beside them. As there, nothing checks what spec.desiredPairState says.
"""

from __future__ import annotations

from typing import Any

API_GROUP = "hspc.hitachi.com"
TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
MOMENT = {"type": "string", "format": "date-time"}


def definitions() -> list[dict[str, Any]]:
    return [_definition("Replication", REPLICATION), _definition("ReplicationGroup", REPLICATION_GROUP)]


def _fields(required: str = "", **properties: Any) -> dict[str, Any]:
    found = {"type": "object", "properties": properties}
    return {**found, "required": required.split()} if required else found


OPERATION = _fields(
    "operation operationPhase running",
    operation=TEXT,
    operationPhase=TEXT,
    running=TRUTH,
    lastOperation=TEXT,
    lastErrorMessage=TEXT,
    lastErrorTime=MOMENT,
)
PAIR = _fields(
    "localSerialNumber localStorageDeviceId primaryVolumeId primaryVolumeNickname remoteSerialNumber"
    " remoteStorageDeviceId replicationType secondaryVolumeId secondaryVolumeNickname",
    copyGroupName=TEXT,
    copyPairName=TEXT,
    localSerialNumber=NUMBER,
    localStorageDeviceId=TEXT,
    primaryVolumeId=NUMBER,
    primaryVolumeNickname=TEXT,
    remoteSerialNumber=NUMBER,
    remoteStorageDeviceId=TEXT,
    replicationType=TEXT,
    secondaryVolumeId=NUMBER,
    secondaryVolumeNickname=TEXT,
    volumeStatus=TEXT,
)
REPLICATION = _fields(
    spec=_fields(
        "persistentVolumeClaimName replicationType storageClassName",
        desiredPairState=TEXT,
        parentName=TEXT,
        persistentVolumeClaimName=TEXT,
        replicationAttribute=TEXT,
        replicationType=TEXT,
        storageClassName=TEXT,
    ),
    status=_fields(
        "currentOperation replicationPair status", status=TEXT, currentOperation=OPERATION, replicationPair=PAIR
    ),
)
REPLICATION_GROUP = _fields(
    spec=_fields("desiredPairState", desiredPairState=TEXT, replicationAttribute=TEXT, replicationType=TEXT),
    status=_fields(
        "currentOperation localSerialNumber localStorageDeviceId remoteSerialNumber remoteStorageDeviceId status",
        status=TEXT,
        currentOperation=OPERATION,
        localSerialNumber=NUMBER,
        localStorageDeviceId=TEXT,
        remoteSerialNumber=NUMBER,
        remoteStorageDeviceId=TEXT,
        replications={"type": "array", "items": _fields("name namespace", name=TEXT, namespace=TEXT)},
    ),
)


def _definition(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{API_GROUP}"},
        "spec": {"group": API_GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }
