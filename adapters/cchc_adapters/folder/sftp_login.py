"""Logs in to an SFTP server over paramiko; the server's key is compared with the declared one before we show ours."""

import base64
import io
import socket
from typing import Any

from cchc_adapters.folder.options import SftpTable
from cchc_connect.errors import ConfigurationError, SourceHeld
from cchc_connect.extras import require_extra

_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")


def log_in(server: SftpTable, shown: str) -> tuple[Any, Any]:
    """Return the open transport and the client of an SFTP server.

    Args:
        server: the server and the account.
        shown: the folder, for messages.

    Raises:
        SourceHeld: the server has another key, or refuses the account.
        ConfigurationError: a secret or the private key cannot be used, or paramiko is missing.
        OSError: the server does not answer; paramiko raises errors of its own too.
    """
    with require_extra("sftp", "paramiko"):
        import paramiko  # noqa: PLC0415  # the extra may be missing
    kind, encoded = server.host_key.split()[:2]
    timeout_s = server.timeout.total_seconds()
    transport: Any = paramiko.Transport(socket.create_connection((server.host, server.port), timeout_s))
    try:
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout_s
        transport.get_security_options().key_types = _RSA_SIGNATURES if kind == "ssh-rsa" else (kind,)
        transport.start_client(timeout=timeout_s)
        _require_key(transport.get_remote_server_key(), kind, encoded, shown)
        _authenticate(transport, server, shown, paramiko)
        client: Any = paramiko.SFTPClient.from_transport(transport)
        client.get_channel().settimeout(timeout_s)
    except BaseException:
        transport.close()
        raise
    return transport, client


def _require_key(presented: Any, kind: str, encoded: str, shown: str) -> None:
    if (presented.get_name(), presented.asbytes()) != (kind, base64.b64decode(encoded)):
        raise SourceHeld("folder.sftp_host_key", folder=shown, found=presented.fingerprint)


def _authenticate(transport: Any, server: SftpTable, shown: str, paramiko: Any) -> None:
    try:
        if server.password is not None:
            transport.auth_password(server.username, server.password.reveal())
        elif server.private_key is not None:
            transport.auth_publickey(server.username, _private_key(server.private_key.reveal(), shown, paramiko))
    except paramiko.AuthenticationException:
        raise SourceHeld("folder.sftp_login", folder=shown) from None


def _private_key(text: str, shown: str, paramiko: Any) -> Any:
    """Return our private key.

    Raises:
        ConfigurationError: it cannot be used.
    """
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise ConfigurationError("folder.sftp_key_unusable", folder=shown)
