"""A real S3 server: moto as a process on a loopback port, which knows users, their keys and what each may do."""

import json
import os
import re
import subprocess
import sys

from tests.integration.offsite.sftp_server import wait_for
from tests.support.ports import free_port

BUCKET = "rooms"
REGION = "us-east-1"
ENOUGH = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": f"arn:aws:s3:::{BUCKET}/*"},
    ],
}
"""What docs/off-site.md says is enough."""

_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_REQUEST = re.compile(r'"(?:\x1b\[[0-9]+m)*([A-Z]+ \S+) HTTP')
"""In the server's log, which is in colours."""

_UNCHECKED = 6
"""Acts before moto asks who is acting, as `_make_users` needs them."""


class S3Server:
    """`options` are those of a user who may do `ENOUGH`; `admin` is a client that may do everything."""

    def __init__(self, log):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(_UNCHECKED)}
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with log.open("wb") as errors:
            self.process = subprocess.Popen(command, env=environment, stdout=errors, stderr=errors)
        self._log = log
        wait_for(self.port, self.process)
        self._make_users()
        self.admin.create_bucket(Bucket=BUCKET)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def requests(self):
        """Return the requests so far, each a method and a path."""
        return _REQUEST.findall(self._log.read_text())

    def _make_users(self):
        first = self.client("iam", {"AccessKeyId": "nobody", "SecretAccessKey": "nobody"})
        keys = {}
        for name, policy in (("admin", _EVERYTHING), ("pusher", ENOUGH)):
            first.create_user(UserName=name)
            first.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
            keys[name] = first.create_access_key(UserName=name)["AccessKey"]
        self.admin = self.client("s3", keys["admin"])
        self.options, self.admin_options = self._options(keys["pusher"]), self._options(keys["admin"])

    def _options(self, key):
        return {
            "key": key["AccessKeyId"],
            "secret": key["SecretAccessKey"],
            "endpoint_url": self.url,
            "client_kwargs": {"region_name": REGION},
        }

    def client(self, service, key):
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
