"""A site's certificates, tokens and kubeconfigs. Made once; kept as long as the site's folder exists."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import os
import secrets
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ocpvirt_lab.layout import API_PORT, SiteLayout

VALIDITY = datetime.timedelta(days=365)
FRONT_PROXY = "front-proxy-client"
KUBEVIRT_ACCOUNTS = ("kubevirt-controller", "kubevirt-handler", "kubevirt-apiserver")
"""VMI writes are reserved to these by virt-api's webhooks."""


class SitePki:
    def __init__(self, directory: Path, layout: SiteLayout) -> None:
        self._dir = directory
        self._layout = layout

    @property
    def ca(self) -> Path:
        return self._dir / "ca.crt"

    @property
    def ca_key(self) -> Path:
        """Kept for tests that need a certificate of their own, such as an expired one."""
        return self._dir / "ca.key"

    @property
    def server(self) -> tuple[Path, Path]:
        return self._dir / "server.crt", self._dir / "server.key"

    @property
    def front_proxy(self) -> tuple[Path, Path]:
        return self._dir / "front-proxy.crt", self._dir / "front-proxy.key"

    @property
    def service_account_key(self) -> Path:
        return self._dir / "service-account.key"

    @property
    def service_account_public_key(self) -> Path:
        return self._dir / "service-account.pub"

    @property
    def tokens(self) -> Path:
        return self._dir / "tokens.csv"

    def kubeconfig(self, user: str) -> Path:
        """For processes of the site itself; they talk to the API server on the loopback address."""
        return self._dir / f"{user}.kubeconfig"

    def token(self, user: str) -> str:
        for line in self.tokens.read_text().splitlines():
            token, name, *_ = line.split(",")
            if name.rpartition(":")[2] == user:
                return token
        raise LookupError(f"{self.tokens} holds no token for {user}")

    def create(self) -> None:
        if self.tokens.exists():
            return
        self._dir.mkdir(parents=True, exist_ok=True)
        os.chmod(self._dir, 0o700)
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = _sign(f"{self._layout.name} lab authority", ca_key, ca_key, None, [])
        self.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        _write_key(self.ca_key, ca_key)
        names: list[x509.GeneralName] = [
            x509.DNSName(name)
            for name in ("localhost", "kubernetes", "kubernetes.default.svc", "virt-api.kubevirt.svc")
        ]
        addresses = ("127.0.0.1", "10.96.0.1", self._layout.mgmt, self._layout.data)
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        for (crt, key_file), subject, alternatives in (
            (self.server, self._layout.name, names),
            (self.front_proxy, FRONT_PROXY, []),
        ):
            key = ec.generate_private_key(ec.SECP256R1())
            crt.write_bytes(_sign(subject, key, ca_key, ca, alternatives).public_bytes(serialization.Encoding.PEM))
            _write_key(key_file, key)
        account_key = ec.generate_private_key(ec.SECP256R1())
        _write_key(self.service_account_key, account_key)
        self.service_account_public_key.write_bytes(
            account_key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        # last: its presence says that the rest is there
        self._write_tokens()
        for user in ("admin", *KUBEVIRT_ACCOUNTS):
            write_kubeconfig(
                self.kubeconfig(user), self._layout.name, f"https://127.0.0.1:{API_PORT}", self.ca, self.token(user)
            )

    def _write_tokens(self) -> None:
        lines = [f'{secrets.token_hex(16)},admin,admin,"system:masters"']
        for account in KUBEVIRT_ACCOUNTS:
            user = f"system:serviceaccount:kubevirt:{account}"
            lines.append(f'{secrets.token_hex(16)},{user},{account},"system:masters"')
        draft = self.tokens.with_suffix(".new")
        draft.write_text("\n".join(lines) + "\n")
        draft.chmod(0o600)
        draft.replace(self.tokens)


def write_kubeconfig(path: Path, cluster: str, server: str, ca: Path, token: str) -> None:
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": cluster,
                "clusters": [
                    {
                        "name": cluster,
                        "cluster": {
                            "server": server,
                            "certificate-authority-data": _base64(ca.read_bytes()),
                        },
                    }
                ],
                "users": [{"name": "admin", "user": {"token": token}}],
                "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": "admin"}}],
            },
            sort_keys=False,
        )
    )
    path.chmod(0o600)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.chmod(0o600)


def _sign(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate | None,
    alternatives: list[x509.GeneralName],
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(ca.subject if ca else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(_key_usage(signs_certificates=ca is None), critical=True)
    )
    if ca is not None:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
