"""The S3 gateway in the hub: outside both sites, reached by both."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from ocpvirt_lab.layout import HUB_DATA, S3_BUCKET, S3_PORT, S3_REGION
from ocpvirt_lab.process import Process
from ocpvirt_lab.state import LabFolder

HEALTH = "/lab-health"


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str


def credentials(folder: LabFolder) -> Credentials:
    """Made once per lab."""
    file = folder.hub / "s3-credentials.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(Credentials("lab", secrets.token_hex(20)))))
    return Credentials(**json.loads(file.read_text()))


def data_directory(folder: LabFolder) -> Path:
    return folder.hub / "s3"


def process(folder: LabFolder, binaries: dict[str, Path]) -> Process:
    # a bucket is a directory
    (data_directory(folder) / S3_BUCKET).mkdir(parents=True, exist_ok=True)
    keys = credentials(folder)
    argv = [
        str(binaries["versitygw"]),
        f"--port={HUB_DATA}:{S3_PORT}",
        f"--region={S3_REGION}",
        f"--health={HEALTH}",
        "--quiet",
        "posix",
        str(data_directory(folder)),
    ]
    environment = {"ROOT_ACCESS_KEY": keys.access_key, "ROOT_SECRET_KEY": keys.secret_key}
    return Process("s3", argv, f"http://{HUB_DATA}:{S3_PORT}{HEALTH}", environment)
