"""`ktizo talos secrets …`: a cluster's secrets bundle, made, taken over and given away offline."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ktizo.cli.client import USAGE, fail
from ktizo.cli.texts import offline, read, write
from ktizo.core import yaml
from ktizo.core.clock import utc_now
from ktizo.talos import importing, secrets
from ktizo.talos.contracts import V1_13, contract
from ktizo.talos.kubeconfig import kubeconfig
from ktizo.talos.secrets import Bundle
from ktizo.talos.talosconfig import ADMIN, Access, talosconfig

app = typer.Typer(help="A cluster's secrets bundle.", no_args_is_help=True)

ContractOption = Annotated[str, typer.Option("--contract", help="Talos version, as v1.12.")]
Out = Annotated[Path | None, typer.Option(help="File to write, 0600; else standard output.")]
Force = Annotated[bool, typer.Option(help="Overwrite what is there.")]


class Form(StrEnum):
    """What a bundle is given away as."""

    SECRETS = "secrets"
    TALOSCONFIG = "talosconfig"
    KUBECONFIG = "kubeconfig"


@app.command("new")
@offline
def new(version: ContractOption = str(V1_13), out: Out = None, force: Force = False) -> None:
    """Make fresh secrets, as `talosctl gen secrets` does."""
    bundle = secrets.generate(contract(version), now=utc_now())
    write(out, secrets.dump(bundle), force=force)


@app.command("import")
@offline
def import_(
    source: Annotated[Path, typer.Argument(help="secrets.yaml, a machine config, a PKI folder.")],
    version: ContractOption = str(V1_13),
    bootstrap_token: Annotated[str, typer.Option(help="With a PKI folder: join token.")] = "",
    out: Out = None,
    force: Force = False,
) -> None:
    """Take over the secrets of a cluster that exists, and check them.

    A folder is read as kubeadm's /etc/kubernetes/pki; a file as secrets.yaml or as the config of a
    control plane.
    """
    if source.is_dir():
        bundle = importing.from_kubeadm(
            importing.read_kubeadm(source),
            contract(version),
            now=utc_now(),
            bootstrap_token=bootstrap_token,
        )
    else:
        bundle = _bundle_or_config(read(source))
    write(out, secrets.dump(bundle), force=force)


@app.command("export")
@offline
def export(
    source: Annotated[Path, typer.Argument(help="secrets.yaml.")],
    form: Annotated[Form, typer.Option("--as", help="What to make of it.")] = Form.SECRETS,
    cluster: Annotated[str, typer.Option(help="The cluster's name.")] = "",
    endpoint: Annotated[str, typer.Option(help="https://host:6443, for a kubeconfig.")] = "",
    node: Annotated[list[str] | None, typer.Option(help="Address, for a talosconfig.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="os:admin, os:reader ...")] = None,
    hours: Annotated[float, typer.Option(help="How long access lasts.")] = 8760,
    version: ContractOption = str(V1_13),
    out: Out = None,
    force: Force = False,
) -> None:
    """Give secrets away: Talos's own format, a talosconfig, or an admin kubeconfig."""
    bundle = secrets.load(read(source))
    if form is Form.SECRETS:
        text = secrets.dump(bundle)
    elif not cluster:
        fail(f"a {form} names its cluster; give --cluster", USAGE)
    elif form is Form.TALOSCONFIG:
        access = Access(tuple(role or (ADMIN,)), timedelta(hours=hours))
        text = talosconfig(
            bundle,
            cluster,
            now=utc_now(),
            access=access,
            endpoints=node or (),
            talos=contract(version),
        )
    else:
        text = _kubeconfig(bundle, cluster, endpoint, timedelta(hours=hours))
    write(out, text, force=force)


def _kubeconfig(bundle: Bundle, cluster: str, endpoint: str, lifetime: timedelta) -> str:
    if not endpoint:
        fail("a kubeconfig says where the API server is; give --endpoint", USAGE)
    return kubeconfig(bundle, cluster, endpoint, now=utc_now(), lifetime=lifetime)


def _bundle_or_config(text: bytes) -> Bundle:
    documents = yaml.load_all(text)
    if any(isinstance(one, dict) and "machine" in one for one in documents):
        return importing.from_machine_config(text)
    return secrets.load(text)
