"""`ktizo setup-link`: letting the first administrator in, or one more when all are locked out."""

from http import HTTPMethod
from typing import Annotated

import typer

from ktizo.cli import show
from ktizo.cli.client import Client, handled

Recover = Annotated[
    bool, typer.Option("--recover", help="People exist: add one more administrator. Audited.")
]


@handled
def setup_link(recover: Recover = False, as_json: show.AsJson = False) -> None:
    """Print a fresh set-up link, good once and for a day; the one before dies."""
    answer = Client().call(HTTPMethod.POST, "/setup-link", body={"recover": recover})
    if as_json:  # not for want of a terminal: a link is for reading, also out of a log
        show.json_text(answer)
    else:
        show.line(f"set up at {answer['url']}")
