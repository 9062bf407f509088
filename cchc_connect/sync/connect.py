"""From a connection's table to its transport."""

from cchc_connect.adapter import Adapter
from cchc_connect.config import ConnectionTable
from cchc_connect.transport import Anonymous, Authentication, Basic, Endpoint, Login, Policy, RequestsTransport


def connect(name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> RequestsTransport:
    """Return the transport to the connection `name`; its secret is taken from where it lies, now.

    Raises:
        ConfigurationError: the secret cannot be read, or the address is none to go to.
    """
    endpoint = Endpoint(
        name=name, base_url=table.base_url, dialect=adapter.dialect, authentication=_authentication(table)
    )
    return RequestsTransport(endpoint, Policy(deadline_s=deadline_s))


def _authentication(table: ConnectionTable) -> Authentication:
    if table.account is None:
        return Anonymous()
    credentials = table.account.credentials()
    return Basic(credentials) if table.account.kind == "basic" else Login(credentials)
