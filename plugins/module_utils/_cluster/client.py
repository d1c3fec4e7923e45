# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a site's authentication options to a connection; the only file that knows the kubernetes client."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .._errors import Failed, Refused, Unsupported
from .api import Api
from .oauth import LOGIN_TIMEOUT, login

try:
    import kubernetes
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import (
        _create_auth_spec,
        _create_configuration,
        _create_headers,
    )

    MISSING: ImportError | None = None
except ImportError as error:
    MISSING = error

# as many connections as the widest bulk write uses, so that none is opened and thrown away
POOL_SIZE = 24
# kubernetes.core makes credentials the kubernetes client's default configuration and copies that: of two sites that are
# opened at the same moment both connections would lead to one
ONE_AT_A_TIME = threading.Lock()


def connect(site: str, auth: Mapping[str, Any], login_timeout: float = LOGIN_TIMEOUT) -> Api:
    """Make a connection to a site; nothing but a login is sent yet.

    auth: authentication options of kubernetes.core (kubeconfig, context, host, api_key, username, password, ...).
    A user name and password are exchanged for a token at OpenShift's OAuth server.
    kubernetes.core's create_api_client is not used: it lists every API group at once and without a deadline,
    which on a lost site blocks for minutes (P4).
    """
    if MISSING is not None:
        raise Unsupported(
            "load the Kubernetes client",
            seen=str(MISSING),
            next_step="install the collection's requirements.txt and the collection kubernetes.core",
        )
    options = dict(auth)
    if options.get("username") and options.get("password"):
        options = login(site, options, login_timeout)
    try:
        with ONE_AT_A_TIME:
            # nor may what the last site left there stay with one that does not name it
            kubernetes.client.Configuration.set_default(None)
            configuration = _create_configuration(_create_auth_spec(None, **options))
    except (kubernetes.config.ConfigException, OSError) as error:
        raise Refused(
            "read the credentials",
            site=site,
            seen=str(error),
            next_step=f"correct sites.{site} in the plan, or the file that it names",
        ) from error
    configuration.connection_pool_maxsize = POOL_SIZE
    try:
        client = kubernetes.client.ApiClient(configuration)
    except OSError as error:  # an unreadable certificate or key file
        raise Failed(
            "load the certificates", site=site, seen=str(error), next_step="check the certificate files"
        ) from error
    headers = {**client.default_headers, **_create_headers(None, **options)}
    for setting in configuration.auth_settings().values():
        if setting["in"] == "header" and setting["value"]:
            headers[setting["key"]] = setting["value"]
    return Api(site, configuration.host, client.rest_client.pool_manager, headers)
