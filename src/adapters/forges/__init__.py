"""The forges, over HTTP: whose token is this. The HTTP client is loaded when the first question is asked."""

from adapters.forges.forgejo import ForgejoCredentialCheck as ForgejoCredentialCheck
from adapters.forges.penpot import PenpotCredentialCheck as PenpotCredentialCheck
