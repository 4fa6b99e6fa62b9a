"""`ktizo key …`: the key that seals secrets at rest."""

import typer

from ktizo.cli import show
from ktizo.cli.client import REFUSED, fail, handled, settings
from ktizo.core.errors import KtizoError
from ktizo.core.seal import key_file, new_key, rotate_key_file

app = typer.Typer(help="The key that seals secrets at rest.", no_args_is_help=True)


@app.command("new")
def new() -> None:
    """Print a fresh key, for KTIZO_SEALING_KEY."""
    show.line(new_key())


@app.command("rotate")
@handled
def rotate() -> None:
    """Put a new key in front of the old ones; what the old ones sealed still opens."""
    try:
        key_id = rotate_key_file(settings().data_dir)
    except KtizoError as error:
        fail(error.message, REFUSED)
    where = key_file(settings().data_dir)
    show.line(f"{where} now seals with key {key_id}; restart `ktizo serve`, and back the file up")
