"""Progress on standard error."""

import json

from app.cli.progress import Bar, JsonLines, Notes


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_bar_is_drawn_at_most_ten_times_a_second_and_gone_at_the_end(capsys):
    clock = Clock()
    bar = Bar(clock)

    for done in range(0, 2_000, 10):
        clock.now = done / 2_000
        bar.report("storing sessions", done, 2_000)
    bar.report("storing sessions", 2_000, 2_000)

    drawn = capsys.readouterr().err
    assert 5 <= drawn.count("storing sessions [") <= 10
    assert drawn.endswith("\r\x1b[K")


def test_a_short_stage_shows_no_bar(capsys):
    Bar(Clock()).report("moving files", 1, 5)

    assert capsys.readouterr().err == ""


def test_a_note_clears_the_bar_first(capsys):
    bar = Bar(Clock())
    bar.report("storing sessions", 1, 2_000)

    bar.note("waiting")

    assert capsys.readouterr().err.endswith("\r\x1b[Kstrongroom: waiting\n")


def test_json_lines_give_each_stage_its_first_and_last_report(capsys):
    lines = JsonLines(Clock())

    for stage in ("storing", "checking"):
        for done in range(101):
            lines.report(stage, done, 100)
    lines.note("done")

    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(e["event"], e.get("stage"), e.get("done")) for e in events] == [
        ("progress", "storing", 0),
        ("progress", "storing", 100),
        ("progress", "checking", 0),
        ("progress", "checking", 100),
        ("note", None, None),
    ]


def test_without_a_terminal_only_notes_are_shown(capsys):
    notes = Notes()

    notes.report("storing sessions", 1, 2_000)
    notes.note("waiting")

    assert capsys.readouterr().err == "strongroom: waiting\n"
