from .async_transport import AsyncTransport as AsyncTransport
from .authentication import (
    Anonymous as Anonymous,
    ApiKey as ApiKey,
    Authentication as Authentication,
    Basic as Basic,
    Bearer as Bearer,
    Login as Login,
    OAuth2 as OAuth2,
)
from .classify import normalised as normalised
from .endpoint import Endpoint as Endpoint
from .exchange import Transport as Transport
from .hmac_signing import Hmac as Hmac
from .hours import Hours as Hours
from .oauth import TokenLogin as TokenLogin
from .pace import Pace as Pace
from .policy import Policy as Policy, Surroundings as Surroundings
from .requests_transport import RequestsTransport as RequestsTransport
from .shelf import FolderShelf as FolderShelf, Shelf as Shelf
from .traffic import Traffic as Traffic
