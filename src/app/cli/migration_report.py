"""What became of the old files, for a program and for a person."""

from collections import Counter
from collections.abc import Iterator

from app.cli.output import aligned, counted
from domain.legacy.files import GITLAB_FILE, PENPOT_FILE, TOKENS_DIRECTORY
from domain.migrations import MigrationReport
from domain.values import AGENT_TOKEN_PREFIX, PENPOT_TOKEN, is_agent_name

_COPIES = (
    "the files are unlinked, not wiped: copies may remain on an SSD, in file system snapshots "
    "and in backups made before"
)


def as_text(report: MigrationReport) -> list[str]:
    """Return a line for each source, what to do next, what was removed, and a count."""
    return [*_sources(report), *_next_steps(report), *_removal(report), _count(report)]


def _sources(report: MigrationReport) -> list[str]:
    return aligned(
        (
            source.outcome.value,
            source.file,
            counted(source.records, "record") if source.records > 1 else "",
            source.reason,
        )
        for source in report.sources
    )


def _next_steps(report: MigrationReport) -> Iterator[str]:
    for outcome in dict.fromkeys(source.outcome for source in report.attention):
        yield f"{outcome.value}: {outcome.next_step}"


def _removal(report: MigrationReport) -> Iterator[str]:
    if report.backup:
        yield f"backup: {report.backup}"
    removed = [source.file for source in report.sources if source.outcome.settles]
    if report.dry_run or not removed:
        return
    yield _COPIES
    tokens = [name for name in map(_token, removed) if name]
    if tokens:
        yield f"worth rotating, for they once lay in the clear: {', '.join(tokens)}"


def _token(file: str) -> str | None:
    """Name the token that was in a file."""
    agent = file.removeprefix(f"{TOKENS_DIRECTORY}/")
    if agent != file:
        return AGENT_TOKEN_PREFIX + agent if is_agent_name(agent) else file
    return {GITLAB_FILE: "the OAuth token of gitlab", PENPOT_FILE: PENPOT_TOKEN}.get(file)


def _count(report: MigrationReport) -> str:
    if not report.sources:
        return "no old files are here"
    counts = Counter(source.outcome.value for source in report.sources)
    listed = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    dry = "; a dry run: nothing was written" if report.dry_run else ""
    return f"{counted(len(report.sources), 'file')}: {listed}; {report.duration_ms / 1_000:.1f} s{dry}"
