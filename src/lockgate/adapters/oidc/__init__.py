"""OpenID Connect: tokens and assertions checked for the gateway, and the device login for people at a terminal."""

from lockgate.adapters.oidc.authenticator import OidcAuthenticator, open_oidc
from lockgate.adapters.oidc.claims import OidcSettings
from lockgate.adapters.oidc.front_ends import FrontEnds

__all__ = ["FrontEnds", "OidcAuthenticator", "OidcSettings", "open_oidc"]
