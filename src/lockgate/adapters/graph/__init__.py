"""Documents in SharePoint and OneDrive, over Microsoft Graph v1.0, with the permissions that each item has."""

from lockgate.adapters.graph.client import Client, Place
from lockgate.adapters.graph.connector import GraphConnector, Root
from lockgate.adapters.graph.tokens import Credentials

__all__ = ["Client", "Credentials", "GraphConnector", "Place", "Root"]
