# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenShift's OAuth login, for a site given by user name and password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import Failed, Unreachable, Unsupported
from .beside import beside

try:
    import requests
    from kubernetes.client import Configuration
    from openshift.helper.userpassauth import OCPLoginConfiguration, OCPLoginException

    MISSING: ImportError | None = None
except ImportError as error:
    MISSING = error

LOGIN_TIMEOUT = 15.0


def login(site: str, options: Mapping[str, Any], timeout: float = LOGIN_TIMEOUT) -> dict[str, Any]:
    """The same options with api_key in place of username and password."""
    if MISSING is not None:
        raise Unsupported(
            "log in with a user name and password", site=site, seen=str(MISSING), next_step="install openshift"
        )
    # its own constructor passes an argument that newer kubernetes clients do not take
    configuration = OCPLoginConfiguration.__new__(OCPLoginConfiguration)
    Configuration.__init__(configuration, host=options["host"].rstrip("/"))
    configuration.ocp_username, configuration.ocp_password = options["username"], options["password"]
    configuration.verify_ssl = options.get("validate_certs", True)
    configuration.ssl_ca_cert = options.get("ca_cert")
    try:
        # the library sets no timeout of its own
        beside(configuration.get_token, "oauth").result(timeout)
    except (requests.ConnectionError, TimeoutError) as error:
        raise Unreachable("log in at the OAuth server", site=site, seen=type(error).__name__, waited=timeout) from error
    except OCPLoginException as error:
        # the exception's text holds the URL and reason, never the password
        raise Failed(
            "log in at the OAuth server",
            site=site,
            seen=str(error),
            status=getattr(error, "req_info", {}).get("req_status_code"),
            next_step="check user name and password",
        ) from error
    rest = {name: value for name, value in options.items() if name not in ("username", "password")}
    return {**rest, "api_key": configuration.token["access_token"]}
