"""The address of a PostgreSQL database: `postgresql://USER:PASSWORD@HOST:PORT/NAME?PARAMETERS`.

Every address is read here, before a driver sees it: what no connection can be made with is refused with its place.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Self
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Message
from cchc_connect.privacy.redaction import is_secret_name
from cchc_connect.privacy.secrets import SecretText, register_secret

_ADDRESS = re.compile(
    r"postgresql://"
    r"(?:(?P<user>[^:/]*)(?::(?P<password>[^@]*))?@)?"
    r"(?:(?:\[(?P<host6>[^/?\]]*:[^/?\]]*)\]|(?P<host>[^/:?]+))?(?::(?P<port>[^/?]*))?)?"
    r"(?:/(?P<name>[^?]*))?"
    r"(?:\?(?P<parameters>.*))?"
)
_HOST = re.compile(r"[A-Za-z0-9_.-]+")
_PORT = re.compile(r"[0-9]{1,5}")
_MAX_PORT = 65_535


@dataclass(frozen=True, kw_only=True)
class PostgresAddress:
    """Parts of `postgresql://USER:PASSWORD@HOST:PORT/NAME?PARAMETERS`."""

    user: str | None
    password: str | None = field(repr=False)
    host: str | None
    port: str | None
    name: str | None
    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, address: str) -> Self:
        """Return the parts of an address; its secrets are masked in logs from now on.

        Raises:
            UsageMistake: no connection can be made with it: a host or a port is none, or it has a NUL.
        """
        match = _ADDRESS.fullmatch(address)
        part: Mapping[str, str | None] = {} if match is None else match.groupdict()
        user, password, name = (
            None if (text := part.get(key)) is None else unquote(text) for key in ("user", "password", "name")
        )
        parameters = dict(parse_qsl(part.get("parameters") or ""))
        password = register_secret(password) if password else None
        parameters = {
            key: register_secret(value) if value and is_secret_name(key) else value for key, value in parameters.items()
        }
        host, port = part.get("host6") or part.get("host"), part.get("port")
        parsed = cls(user=user, password=password, host=host, port=port, name=name, parameters=parameters)
        unreadable = "form" if match is None else parsed._unreadable_part()
        if unreadable is not None:
            raise UsageMistake(
                "database_location.address_unreadable", part=Message(f"database_location_part.{unreadable}")
            )
        return parsed

    def _unreadable_part(self) -> str | None:
        """Return the part with which no connection can be made; None if there is none."""
        texts = (self.user, self.password, self.name, *self.parameters, *self.parameters.values())
        if any("\0" in text or not _is_unicode(text) for text in texts if text):
            return "form"
        hosts = f"{self.host or ''},{self.parameters.get('host', '')}".split(",")
        if not all(map(_is_host, hosts)):
            return "host"
        ports = f"{self.port or ''},{self.parameters.get('port', '')}".split(",")
        return None if all(map(_is_port, ports)) else "port"

    @property
    def location(self) -> str:
        """Return the address without its secrets."""
        user = "" if self.user is None else quote(self.user, safe=" +")
        password = "" if self.password is None else ":***"
        at = "" if self.user is None else "@"
        host = f"[{self.host}]" if ":" in (self.host or "") else self.host or ""
        port = f":{self.port}" if self.port else ""
        name = "" if self.name is None else f"/{quote(self.name, safe=' +/')}"
        shown = {key: value for key, value in sorted(self.parameters.items()) if not is_secret_name(key)}
        query = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in shown.items())
        return f"postgresql://{user}{password}{at}{host}{port}{name}{'?' if query else ''}{query}"

    @property
    def connection_text(self) -> SecretText:
        """Return the text with which the driver connects; it contains the password.

        Raises:
            psycopg.ProgrammingError: there is no parameter of that name.
        """
        parts = {"user": self.user, "password": self.password, "host": self.host, "port": self.port}
        parts_of_text = {name: value for name, value in {**parts, "dbname": self.name}.items() if value}
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415  # an optional dependency; an address is read without

        return SecretText(make_conninfo(**{**parts_of_text, **self.parameters, "client_encoding": "utf8"}))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_host(text: str) -> bool:
    """True for a name, an IP address, the folder of a socket, or nothing."""
    if not text or text.startswith("/"):
        return "\0" not in text
    try:
        if ":" in text:
            return bool(IPv6Address(text))
        return _HOST.fullmatch(text.encode("idna").decode()) is not None
    except ValueError:
        return False


def _is_port(text: str) -> bool:
    return not text or (_PORT.fullmatch(text) is not None and 0 < int(text) <= _MAX_PORT)
