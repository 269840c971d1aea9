"""OpenID Connect: tokens checked for the gateway, and the device login for people at a terminal."""

from lockgate.adapters.oidc.authenticator import OidcAuthenticator, open_oidc
from lockgate.adapters.oidc.claims import OidcSettings

__all__ = ["OidcAuthenticator", "OidcSettings", "open_oidc"]
