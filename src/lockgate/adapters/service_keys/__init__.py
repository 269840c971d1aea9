"""Static keys for services: the file that keeps them, and the authenticator that takes them."""

from lockgate.adapters.service_keys.authenticator import ServiceKeyAuthenticator
from lockgate.adapters.service_keys.file import PREFIX, KeyFile, ServiceKey, check_owner, create, revoke

__all__ = ["PREFIX", "KeyFile", "ServiceKey", "ServiceKeyAuthenticator", "check_owner", "create", "revoke"]
