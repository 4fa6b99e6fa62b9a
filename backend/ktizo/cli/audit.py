"""`ktizo audit …`: is the history whole?"""

import typer

from ktizo.cli import show
from ktizo.cli.client import REFUSED, Client, fail, handled

app = typer.Typer(help="Who asked for what, and what Ktizo answered.", no_args_is_help=True)


@app.command()
@handled
def verify(as_json: show.AsJson = False) -> None:
    """Walk the hash chain from its first line; 0 only when no line was changed or removed."""
    found = Client().get("/audit/verify")
    if show.wants_json(as_json):
        show.json_text(found)
    elif found["ok"]:
        show.line(f"{found['count']} lines, none changed or missing; the last one's hash is")
        show.line(found["head"])
        show.line("Keep count and hash elsewhere: they prove it against who owns this box.")
    if not found["ok"]:
        fail(f"line {found['broken_id']} was changed or is missing", REFUSED)
