from .async_transport import AsyncTransport as AsyncTransport
from .auth.hmac import Hmac as Hmac
from .auth.oauth2 import TokenLogin as TokenLogin
from .auth.schemes import (
    Anonymous as Anonymous,
    ApiKey as ApiKey,
    Authentication as Authentication,
    Basic as Basic,
    Bearer as Bearer,
    Login as Login,
    OAuth2 as OAuth2,
)
from .auth.token_store import FileTokenStore as FileTokenStore, TokenStore as TokenStore
from .calls.call import Traffic as Traffic
from .calls.classifier import normalised as normalised
from .conversation import Transport as Transport
from .endpoint import Endpoint as Endpoint
from .opening_hours import OpeningHours as OpeningHours
from .requests_transport import RequestsTransport as RequestsTransport
from .retry_policy import Policy as Policy, RateLimiter as RateLimiter, TransportEnvironment as TransportEnvironment
