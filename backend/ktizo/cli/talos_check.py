"""`ktizo talos validate` and `ktizo talos patch`: what Talos would say, and what it would make.

Two plain commands; talos.py puts them into the group.
"""

from pathlib import Path
from typing import Annotated

import typer

from ktizo.cli import show
from ktizo.cli.client import REFUSED
from ktizo.cli.texts import offline, read, write
from ktizo.talos import patch as patches
from ktizo.talos import validate as validation
from ktizo.talos.contracts import V1_13, contract

TalosVersion = Annotated[str, typer.Option("--talos-version", help="As v1.12.")]
KeepUnknown = Annotated[
    bool, typer.Option("--keep-unknown-kinds", help="Pass on kinds Ktizo has never heard of.")
]


@offline
def validate(
    files: Annotated[list[Path], typer.Argument(help="Machine configs; - for standard input.")],
    version: TalosVersion = str(V1_13),
    keep_unknown_kinds: KeepUnknown = False,
) -> None:
    """Say what Talos would say of these configs on metal; each reason on its own line.

    Exit code 0 only when Talos would take all of them.
    """
    talos = contract(version)
    texts = [(file, read(file)) for file in files]
    all_valid = True
    for file, text in texts:
        verdict = validation.validate(text, version, keep_unknown_kinds=keep_unknown_kinds)
        for reason in verdict.errors:
            show.line(show.printable(f"{file}: {reason}"))
        for reason in verdict.warnings:
            show.line(show.printable(f"{file}: warning: {reason}"))
        if verdict.ok:
            show.line(f"{file}: valid for Talos {talos} on metal")
        all_valid = all_valid and verdict.ok
    if not all_valid:
        raise typer.Exit(REFUSED)


@offline
def patch(
    config: Annotated[Path, typer.Argument(help="Machine config; - for standard input.")],
    changes: Annotated[
        list[str], typer.Argument(metavar="PATCH...", help="Files, @files, or the patch itself.")
    ],
    version: TalosVersion = str(V1_13),
    keep_unknown_kinds: KeepUnknown = False,
    out: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
    force: Annotated[bool, typer.Option(help="Overwrite what is there.")] = False,
) -> None:
    """Apply patches in order, as `talosctl machineconfig patch` does, and print the result."""
    texts = [_patch_text(change) for change in changes]
    patched = patches.patched(read(config), texts, version, keep_unknown_kinds=keep_unknown_kinds)
    for note in patched.notes:
        show.error(show.printable(note))
    write(out, patched.text(), force=force)


def _patch_text(change: str) -> str | bytes:
    """Return what a PATCH stands for; like talosctl's, it is text unless it names a file."""
    if change.startswith("@"):
        return read(Path(change[1:]))
    is_text = change.startswith(("{", "[")) or "\n" in change or ": " in change
    return change if is_text else read(Path(change))
