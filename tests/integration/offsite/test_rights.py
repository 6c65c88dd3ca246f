"""The rights that are enough at S3: nothing is removed there, and nothing is asked that may not be asked."""

import pytest
from botocore.exceptions import ClientError

from tests.contracts.offsite_store import CONTENT, FILE, fetched, push
from tests.integration.offsite.s3_server import BUCKET

LONG = CONTENT * 100
"""26 MB: an upload in parts."""


@pytest.mark.parametrize("content", [CONTENT, LONG], ids=["short", "long"])
def test_to_list_to_put_and_to_get_is_enough(bucket, content):
    for store, identities in ((bucket.plain, []), (bucket.sealed, [bucket.identity])):
        push(store, content)
        assert fetched(store, identities) == content


def test_what_is_asked_of_s3_is_what_is_documented(bucket, s3_server):
    before = len(s3_server.requests())
    push(bucket.plain, CONTENT)
    push(bucket.plain, LONG, f"{FILE}-2")
    bucket.plain.list()
    fetched(bucket.plain)
    asked = {_kind(request) for request in s3_server.requests()[before:]}

    assert asked == {"list", "put", "begin", "part", "complete", "head", "get"}


def test_with_those_rights_nothing_can_be_removed(bucket, s3_server):
    push(bucket.plain)
    key = {"AccessKeyId": bucket.options["key"], "SecretAccessKey": bucket.options["secret"]}
    ours = s3_server.client("s3", key)
    with pytest.raises(ClientError, match="AccessDenied"):
        ours.delete_object(Bucket=BUCKET, Key=f"{bucket.url.rpartition('/')[2]}/{FILE}")


def _kind(request):
    method, path = request.split()
    query = path.partition("?")[2].split("&")[0].partition("=")[0]
    named = {"list-type": "list", "uploads": "begin", "partNumber": "part", "uploadId": "complete"}
    return named.get(query) or method.lower()
