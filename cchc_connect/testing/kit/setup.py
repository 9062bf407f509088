"""How the kit connects an adapter to a system under test: the tables of a configuration, and a relay between them."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cchc_connect.config.adapter_sample import SAMPLE_AGENCY
from cchc_connect.config.connections import PROGRAM
from cchc_connect.testing.kit.bench import (
    AGREEMENT,
    CONNECTION,
    PROGRAM_CONNECTION,
    ROUTE,
    SENDING_AGENCY,
    Bench,
    temporary_folder,
)
from cchc_connect.testing.kit.relay import Relay
from cchc_connect.testing.kit.systems import HttpSystem, Options, running, table_for
from cchc_connect.testing.kit.watched import WatchedConfig

_SECRET_KEYS = frozenset({"password", "key", "token", "client_secret", "secret"})
"""Keys of a table `account` that are references to secrets."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How the kit connects an adapter to a system under test."""

    adapter: str
    """Name of the installed adapter."""
    system: Any = field(repr=False)
    """A system, or a factory of systems; a factory gives each rule a new one."""
    options: Options = field(default_factory=dict[str, Any], repr=False)
    connection: Options = field(default_factory=dict[str, Any], repr=False)
    """Further keys of the connection's table. Secrets of an account stand in it as plain text."""

    @contextmanager
    def opened(self, *, with_tls: bool = False) -> Generator[Bench, None, None]:
        """Start the system, and a relay before it if it speaks HTTP; `with_tls`: the relay speaks TLS.

        Raises:
            ConfigurationError: the adapter or its options cannot be used, or TLS is needed without the extra `testing`.
        """
        with ExitStack() as opened:
            folder = opened.enter_context(temporary_folder())
            system = opened.enter_context(running(self.system))
            is_http = isinstance(system, HttpSystem)
            relay = opened.enter_context(Relay(system.base_url, tls=with_tls)) if is_http else None
            secrets: list[str] = []
            tables = self._tables(system, relay, folder, secrets)
            config = _with_route(tables, folder / "cchc.toml")
            bench = Bench(config=config, folder=folder, system=system, relay=relay, secrets=tuple(secrets))
            opened.callback(bench.close)
            yield bench

    def _tables(self, system: Any, relay: Relay | None, folder: Path, secrets: list[str]) -> Mapping[str, Any]:
        table: dict[str, Any] = {"agency": SAMPLE_AGENCY}
        if relay is not None:
            table["base_url"] = system.base_url
        table |= dict(table_for(self.connection, system))
        table["options"] = dict(table_for(self.options, system))
        if relay is not None:
            table = cast("dict[str, Any]", _readdressed(table, system.base_url, relay.base_url))
        if relay is not None and relay.tls:
            table["tls"] = {**table.get("tls", {}), "ca": str(relay.ca_file)}
        if isinstance(account := table.get("account"), dict):
            table["account"] = _with_secret_files(cast("dict[str, Any]", account), folder, secrets)
        connections: dict[str, Any] = {CONNECTION: {**table, "adapter": self.adapter}}
        return {"run": {"worker_processes": 0}, "connections": connections}


def _with_route(tables: Mapping[str, Any], file: Path) -> WatchedConfig:
    """Return the configuration, with a route to all targets of the adapter if it has any."""
    config = WatchedConfig.from_tables(tables, file)
    targets = [target.record_type.record_type for target in config.adapter(CONNECTION).targets]
    if not targets:
        return config
    program = {"adapter": PROGRAM, "agency": SENDING_AGENCY}
    route = {"from": targets, "to": CONNECTION, "agreement": AGREEMENT}
    connections = {**tables["connections"], PROGRAM_CONNECTION: program}
    return WatchedConfig.from_tables({**tables, "connections": connections, "routes": {ROUTE: route}}, file)


def _readdressed(value: object, system_url: str, relay_url: str) -> object:
    """Return a table with the address of the relay in place of the system's."""
    match value:
        case str():
            return value.replace(system_url, relay_url)
        case dict():
            table = cast("dict[str, object]", value)
            return {key: _readdressed(entry, system_url, relay_url) for key, entry in table.items()}
        case list() | tuple():
            return [_readdressed(entry, system_url, relay_url) for entry in cast("list[object]", value)]
        case _:
            return value


def _with_secret_files(account: Mapping[str, Any], folder: Path, secrets: list[str]) -> dict[str, Any]:
    """Return an account with a reference to a private file in place of each secret; `secrets` gets these."""
    table = dict(account)
    for key in _SECRET_KEYS & table.keys():
        secret = table[key]
        if isinstance(secret, str):
            path = folder / f"secret-{key}"
            path.touch(mode=0o600)
            path.write_text(secret, encoding="utf-8")
            secrets.append(secret)
            table[key] = {"file": str(path)}
    return table
