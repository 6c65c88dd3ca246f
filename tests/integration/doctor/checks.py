"""What a check-up says that is not well."""

import json


def checks_of(home, *args, code=None):
    """The checks by name, those that are well left out."""
    result = home.call("doctor", *args, "--json")
    checks = json.loads(result.stdout)["checks"]
    assert code is None or result.exit_code == code, checks
    return [check for check in checks if check["status"] != "ok"]


def the_one(checks):
    assert len(checks) == 1, checks
    return checks[0]
