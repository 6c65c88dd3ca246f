"""The stores of a service that runs elsewhere: `from app.client import StrongroomClient`. Knows the domain alone."""

from app.client.async_stores import AsyncSecretStore as AsyncSecretStore
from app.client.async_stores import AsyncSessionStore as AsyncSessionStore
from app.client.asynchronous import AsyncStrongroomClient as AsyncStrongroomClient
from app.client.synchronous import StrongroomClient as StrongroomClient
