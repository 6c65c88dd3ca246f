"""Every command and every route there is, is driven by the tests beside this one."""

import click

from app.cli.root import root as command_line
from tests.support.driven_commands import CALLS, COMMANDS
from tests.support.driven_routes import ROUTES


def every_command(command=command_line, path=()):
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from every_command(command.get_command(context, name), (*path, name))


def test_every_command_is_driven():
    assert set(COMMANDS) == set(every_command())


def test_every_route_is_driven(house):
    with house.served() as (client, _):
        routes = {(method, route.path) for route in client.app.routes for method in route.methods - {"HEAD"}}

    assert set(ROUTES) == routes


def test_few_commands_and_routes_may_show_a_secret():
    asked = {name for name, call in CALLS if call.shows}
    routes = {key for key, requests in ROUTES.items() if any(each.shows for each in requests)}

    assert asked == {"secrets get", "api-tokens create", "oauth access-token", "git-credential"}
    assert routes == {
        ("GET", "/secrets/{name:path}/value"),
        ("GET", "/oauth/{forge}/access-token"),
        ("POST", "/api-tokens"),
    }
