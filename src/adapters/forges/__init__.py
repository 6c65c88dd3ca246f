"""The forges, over HTTP: whose token is this, and OAuth. The HTTP client is loaded when the first question is asked."""

from adapters.forges.forgejo import ForgejoCredentialCheck as ForgejoCredentialCheck
from adapters.forges.forgejo_authorization import ForgejoAuthorizationServer as ForgejoAuthorizationServer
from adapters.forges.github_authorization import GithubAuthorizationServer as GithubAuthorizationServer
from adapters.forges.gitlab_authorization import GitlabAuthorizationServer as GitlabAuthorizationServer
from adapters.forges.penpot import PenpotCredentialCheck as PenpotCredentialCheck
