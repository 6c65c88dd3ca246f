"""`strongroom keys`: how the keys stand, rotating them, and the kit that is kept offline."""

import sys
from pathlib import Path

import click

from app.cli.options import Group, example


@click.group("keys", cls=Group, epilog=example("strongroom keys status", "strongroom keys rotate"))
def command() -> None:
    """Keys: how they stand, rotated, verified, and kept offline."""


@command.command("status", epilog=example("strongroom keys status"))
def status() -> None:
    """Show the master key's fingerprint, and each data key with what is sealed under it."""
    from app.cli.key_report import standing
    from app.cli.opening import service
    from app.cli.output import emit, warn
    from app.key_documents import key_standing

    with service() as opened:
        found = opened.key_status()()
    emit(key_standing(found), standing(found))
    for warning in found.warnings:
        warn(warning)


@command.command("rotate", epilog=example("strongroom keys rotate", "strongroom keys rotate --progress json"))
@click.pass_context
def rotate(ctx: click.Context) -> None:
    """Seal every value again under a new data key, and retire the old one; or resume that where it was interrupted."""
    from app.cli.key_report import damaged, rotated
    from app.cli.opening import service
    from app.cli.output import emit
    from app.key_documents import rotation

    with service() as opened:
        done = opened.rotate_data_keys()()
    emit(rotation(done), [*rotated(done), *damaged(done.damage)])
    _exit_for(ctx, damaged=bool(done.damage))


@command.command("change-master", epilog=example("strongroom keys change-master --new-key-file new.key"))
@click.option("--new-key-file", metavar="FILE", required=True, help="It holds the new key: 32 random bytes as base64.")
def change_master(new_key_file: str) -> None:
    """Change the master key: the data keys are wrapped anew, and the key file is replaced by FILE's content."""
    from dataclasses import asdict

    from app.cli.key_report import changed
    from app.cli.opening import service, settings
    from app.cli.output import emit

    given = settings()
    with service(given) as opened:
        change = opened.change_master_key()(str(Path(new_key_file).absolute()))
    emit(asdict(change), changed(change, key_file=given.master_key_file, given=new_key_file))


@command.command("verify", epilog=example("strongroom keys verify"))
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Open every sealed value, history and archive included, and name each that does not open."""
    from app.cli.key_report import damaged, verified
    from app.cli.opening import service
    from app.cli.output import emit
    from app.key_documents import damage

    with service() as opened:
        found = opened.verify_keys()()
    document = {"values": found.values, "by_key": dict(found.by_key), **damage(found.damage, found.values)}
    emit(document, [*damaged(found.damage), *verified(found)])
    _exit_for(ctx, damaged=bool(found.damage))


@command.command("kit", epilog=example("strongroom keys kit --to kit.txt", "strongroom keys kit --prove < kit.txt"))
@click.option("--to", "to_file", metavar="FILE", type=click.Path(path_type=Path), help="Write the kit to a new FILE.")
@click.option(
    "--prove", is_flag=True, help="Read a kit, or its key, from standard input, and open the database with it."
)
def kit(to_file: Path | None, *, prove: bool) -> None:
    """Print what to keep offline, so that a lost key file is no lost database; or prove that it would do."""
    if prove and to_file is not None:
        raise click.UsageError("--prove reads a kit and --to writes one: one of the two")
    if prove:
        _prove()
    else:
        _make(to_file)


def _make(to_file: Path | None) -> None:
    from app.cli.key_report import kit_text
    from app.cli.opening import service, settings
    from app.cli.output import emit
    from domain.errors import Invalid

    if to_file is None and not sys.stdout.isatty():
        raise Invalid("the key is shown on a terminal only", advice="--to FILE writes it to a new file of mode 0600")
    if to_file is not None:
        _refuse_unless_new(to_file)
    given = settings()
    with service(given) as opened:
        made = opened.make_key_kit()()
    document = {"fingerprint": made.fingerprint, "made_at": made.made_at, "proved_at": made.proved_at}
    text = kit_text(made, database=given.sqlite_path, key_file=given.master_key_file)
    if to_file is None:
        emit({**document, "key": made.key.reveal()}, text)
        return
    _write(to_file, "\n".join([*text, ""]))
    emit({**document, "file": str(to_file)}, f"the kit is in {to_file}: print it, prove it, and remove the file")


def _refuse_unless_new(path: Path) -> None:
    from domain.errors import Conflict, NotFound

    if not path.parent.is_dir():
        raise NotFound(f"there is no directory {path.parent}", advice="make it, or write the kit elsewhere")
    if path.exists() or path.is_symlink():
        raise Conflict(f"{path} is there already", advice="a kit is written to a new file only: name another")


def _write(path: Path, text: str) -> None:
    from app.container.filing import write_private_file
    from domain.errors import Conflict, DomainError

    try:
        write_private_file(path, text)
    except FileExistsError:
        raise Conflict(f"{path} is there already", advice="a kit is written to a new file only: name another") from None
    except OSError as error:
        raise DomainError(f"{path} cannot be written: {error.strerror}", advice="name another place") from None


def _prove() -> None:
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import counted, emit
    from app.cli.typed import secret_value
    from domain.instants import format_instant

    text = secret_value(None, prompt="the kit's key")
    with service() as opened:
        proof = opened.prove_key_kit()(text)
    keys = counted(proof.data_keys, "data key")
    emit(asdict(proof), f"the kit of {proof.fingerprint} opens {keys}, proved {format_instant(proof.proved_at)}")


def _exit_for(ctx: click.Context, *, damaged: bool) -> None:
    from app.cli.exits import EXIT_CODES
    from domain.errors import Integrity

    if damaged:
        ctx.exit(EXIT_CODES[Integrity])
