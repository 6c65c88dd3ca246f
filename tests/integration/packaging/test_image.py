"""The container as it is built and run: nobody's user, a root that cannot be written, two volumes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.cli.homes import GITLAB_ACCESS, REVIEWER_TOKEN, Home
from tests.integration.packaging.image import build
from tests.integration.packaging.programs import skip_unless_mounting_is_allowed
from tests.integration.packaging.served import children, serve_and

NOT_THERE = ("bin/pip", "bin/hatchling", "lib/python*/site-packages/pip", "lib/python*/site-packages/hatchling")


@pytest.fixture
def image(tmp_path):
    skip_unless_mounting_is_allowed()
    yield build(tmp_path)
    shutil.rmtree(tmp_path, ignore_errors=True)  # it is large


def given_to(user, home):
    """Put the old files into two volumes that belong to `user`."""
    home.put_old_files()
    uid, gid = map(int, user.split(":"))
    for top in (home.state, home.config):
        top.chmod(0o700)
        for path in (top, *top.rglob("*")):
            os.chown(path, uid, gid)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_the_image_serves_from_a_root_that_cannot_be_written(image, tmp_path):
    home = Home(tmp_path / "volumes")
    given_to(image.config["User"], home)
    ours = image.root / "opt/strongroom"

    def look(process):
        (pid,) = children(process)
        status = Path(f"/proc/{pid}/status").read_text()
        assert f"Uid:\t{image.config['User'].split(':')[0]}\t" in status
        assert "CapEff:\t0000000000000000" in status
        mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
        assert [fields[5].split(",")[0] for fields in mounts if fields[4] == "/"] == ["ro"]
        assert image.check(pid) == 0

    said = serve_and(image.container(home.state, home.config), None, look)
    shown = subprocess.run(
        image.container(home.state, home.config, "secrets", "get", "agent_token:reviewer"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout

    assert shown == REVIEWER_TOKEN
    assert GITLAB_ACCESS not in said
    assert not (home.config / "tokens" / "reviewer").exists()
    assert [each for each in NOT_THERE if list(ours.glob(each))] == []
    assert {path.lstat().st_uid for path in ours.rglob("*")} == {0}
    assert not list(image.root.glob("build/*"))
