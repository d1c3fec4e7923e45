# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export in an S3 bucket, through the minio client, which works with every S3."""

from __future__ import annotations

import io
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from .._errors import DrError, Failed, NotFound, Refused, Unreachable, Unsupported

try:
    import minio
    import urllib3
    from minio.error import InvalidResponseError, S3Error, ServerError
    from urllib3.exceptions import HTTPError, SSLError

    MISSING: ImportError | None = None
except ImportError as error:
    MISSING = error
    # nothing raises it: without minio no request is made
    InvalidResponseError = S3Error = ServerError = HTTPError = SSLError = ImportError

Result = TypeVar("Result")

# as many as the widest bulk call uses
CONNECTIONS = 24
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
RETRIES = 3
BUSY = (429, 500, 502, 503, 504)
# the largest that S3 takes in one request
ONE_REQUEST = 5 * 1024**3
ABSENT = frozenset({"NoSuchKey", "NotFound"})
# what the store answers, and what helps
REMEDIES = {
    "InvalidAccessKeyId": "the access key is unknown there: correct what metadata.export.s3.access_key_* names",
    "SignatureDoesNotMatch": "the secret key is wrong: correct what metadata.export.s3.secret_key_* names",
    "RequestTimeTooSkewed": "the clocks of the controller and of the store differ: set the controller's by NTP",
    "AccessDenied": "give the keys the rights on the bucket that docs/metadata.md lists",
    "NoSuchBucket": "create the bucket, or correct metadata.export.s3.bucket",
    "AuthorizationHeaderMalformed": "correct metadata.export.s3.region",
}


class S3Store:
    """options: `metadata.export.s3` of a plan, with the keys that it refers to."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._client: Any = None
        self._connecting = threading.Lock()
        self._bucket = str(options["bucket"])
        self._prefix = f"{options['prefix']}/" if options.get("prefix") else ""
        self.where = f"bucket {self._bucket} at {options['endpoint']}"

    def put(self, key: str, content: bytes) -> None:
        self._call(
            "write",
            key,
            lambda client: client.put_object(
                bucket_name=self._bucket,
                object_name=self._prefix + key,
                data=io.BytesIO(content),
                length=len(content),
                part_size=ONE_REQUEST,
            ),
        )

    def get(self, key: str) -> bytes:
        def whole(client: Any) -> bytes:
            response = client.get_object(bucket_name=self._bucket, object_name=self._prefix + key)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

        return self._call("read", key, whole)

    def list(self, prefix: str) -> dict[str, datetime]:
        def pages(client: Any) -> dict[str, datetime]:
            found = client.list_objects(bucket_name=self._bucket, prefix=self._prefix + prefix, recursive=True)
            return {item.object_name.removeprefix(self._prefix): item.last_modified for item in found}

        return self._call("list", prefix, pages)

    def delete(self, key: str) -> None:
        self._call(
            "delete",
            key,
            lambda client: client.remove_object(bucket_name=self._bucket, object_name=self._prefix + key),
        )

    def sweep(self, prefix: str, before: datetime) -> None:
        """An object is there as a whole or not at all."""

    def _call(self, verb: str, key: str, call: Callable[[Any], Result]) -> Result:
        on = f"{self._prefix}{key} in {self.where}"
        tried = f"{verb} in the store of captures"
        try:
            return call(self._connected())
        except S3Error as error:
            raise _refusal(tried, on, str(error.code), error.response.status) from error
        except (InvalidResponseError, ServerError) as error:
            raise Failed(
                tried,
                on=on,
                seen=f"an answer that is not S3's ({type(error).__name__})",
                next_step="look whether metadata.export.s3.endpoint is an S3 service, and not a proxy in its place",
            ) from error
        except (HTTPError, OSError) as error:
            raise _no_answer(tried, on, error) from error
        except ValueError as error:
            next_step = "correct metadata.export.s3 in the plan"
            raise Refused(tried, on=on, seen=str(error), next_step=next_step) from error

    def _connected(self) -> Any:
        with self._connecting:
            if self._client is None:
                self._client = _client(self._options)
            return self._client


def _client(options: Mapping[str, Any]) -> Any:
    on = f"bucket {options['bucket']} at {options['endpoint']}"
    if MISSING is not None:
        raise Unsupported(
            "open the store of captures",
            on=on,
            seen=str(MISSING),
            wanted="the Python package minio, which captures in S3 need",
            next_step="install minio where the playbooks run, or use metadata.export.directory",
        )
    secure, _sign, address = str(options["endpoint"]).rstrip("/").partition("://")
    pool = urllib3.PoolManager(
        maxsize=CONNECTIONS,
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        retries=urllib3.Retry(total=RETRIES, backoff_factor=0.2, status_forcelist=BUSY, raise_on_status=False),
        ssl_context=_trust(options.get("ca_file")) if secure == "https" else None,
    )
    return minio.Minio(
        endpoint=address,
        access_key=options["access_key"],
        secret_key=options["secret_key"],
        secure=secure == "https",
        region=options["region"],
        http_client=pool,
    )


def _trust(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=os.path.expanduser(ca_file) if ca_file else None)
    except OSError as error:
        raise Refused(
            "open the store of captures",
            on=ca_file,
            seen=error.strerror or "it holds no certificate",
            wanted="the certificate authority of the store, as PEM",
            next_step="correct metadata.export.s3.ca_file",
        ) from error


def _refusal(tried: str, on: str, code: str, status: int) -> DrError:
    kind = NotFound if code in ABSENT else Failed
    next_step = REMEDIES.get(code, "compare endpoint, bucket and keys of metadata.export.s3 with the store")
    return kind(tried, on=on, seen=code, status=status, next_step=next_step)


def _no_answer(tried: str, on: str, error: Exception) -> DrError:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, SSLError):
        next_step = "name the store's certificate authority in metadata.export.s3.ca_file, or correct the endpoint"
        return Failed(tried, on=on, seen=f"TLS failed: {reason}", next_step=next_step)
    return Unreachable(
        tried,
        on=on,
        seen=f"{type(reason).__name__}: {reason}",
        next_step="check the network path from the controller to the store, and metadata.export.s3.endpoint",
    )
