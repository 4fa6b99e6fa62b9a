"""`ktizo talos …`: machine configs, secrets and schematics, made offline."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ktizo.cli import show, talos_check, talos_secrets
from ktizo.cli.client import USAGE, fail
from ktizo.cli.talos_secrets import ContractOption, Force
from ktizo.cli.texts import PRIVATE, offline, read, refuse_to_overwrite
from ktizo.core import yaml
from ktizo.core.clock import utc_now
from ktizo.core.files import write_atomic
from ktizo.talos import schematic as schematics
from ktizo.talos import secrets
from ktizo.talos.compatibility import check_kubernetes
from ktizo.talos.contracts import V1_13, contract
from ktizo.talos.generate import Base, documents
from ktizo.talos.inputs import Cluster, Cni, Install, Mirror, Role
from ktizo.talos.talosconfig import talosconfig

app = typer.Typer(help="Talos configs, secrets and schematics, offline.", no_args_is_help=True)
app.add_typer(talos_secrets.app, name="secrets")
app.command("validate")(talos_check.validate)
app.command("patch")(talos_check.patch)

Names = Annotated[list[str] | None, typer.Option()]


@app.command("gen")
@offline
def gen(
    cluster: Annotated[str, typer.Option(help="The cluster's name.")],
    endpoint: Annotated[str, typer.Option(help="https://host:6443, the API server.")],
    version: ContractOption = str(V1_13),
    secrets_file: Annotated[
        Path | None, typer.Option("--secrets", help="secrets.yaml; else fresh ones are made.")
    ] = None,
    kubernetes: Annotated[str, typer.Option(help="As 1.35.4; else the contract's own.")] = "",
    any_kubernetes: Annotated[bool, typer.Option(help="Also one this Talos does not run.")] = False,
    install_disk: Annotated[str, typer.Option(help="As /dev/sda.")] = "",
    install_image: Annotated[str, typer.Option(help="Installer image.")] = "",
    additional_sans: Annotated[list[str] | None, typer.Option(help="More names.")] = None,
    dns_domain: Annotated[str, typer.Option()] = "cluster.local",
    pod_subnet: Names = None,
    service_subnet: Names = None,
    registry_mirror: Annotated[list[str] | None, typer.Option(help="As host=URL.")] = None,
    cni: Annotated[str, typer.Option(help="flannel, none, or a manifest's URL.")] = "",
    with_kubespan: Annotated[bool, typer.Option()] = False,
    with_cluster_discovery: Annotated[bool, typer.Option()] = True,
    allow_scheduling_on_control_planes: Annotated[bool, typer.Option()] = False,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
    force: Force = False,
) -> None:
    """Write controlplane.yaml, worker.yaml and talosconfig, as `talosctl gen config` does."""
    talos = contract(version)
    wanted = kubernetes.removeprefix("v") or talos.default_kubernetes
    if not any_kubernetes:
        check_kubernetes(talos, wanted)
    now = utc_now()
    files = [out / name for name in ("controlplane.yaml", "worker.yaml", "talosconfig")]
    own = [] if secrets_file else [out / "secrets.yaml"]
    refuse_to_overwrite(files + own, force=force)
    bundle = secrets.load(read(secrets_file)) if secrets_file else secrets.generate(talos, now=now)
    chosen = Cluster(
        name=cluster,
        endpoint=endpoint,
        secrets=bundle,
        contract=talos,
        kubernetes=wanted,
        install=Install(disk=install_disk, image=install_image),
        cert_sans=tuple(additional_sans or ()),
        dns_domain=dns_domain,
        pod_subnets=tuple(pod_subnet or ()),
        service_subnets=tuple(service_subnet or ()),
        mirrors=_mirrors(registry_mirror or []),
        cni=_cni(cni),
        kubespan=True if with_kubespan else None,
        discovery=with_cluster_discovery,
        allow_scheduling_on_control_planes=allow_scheduling_on_control_planes,
    )
    texts = [Base(documents(chosen, role), talos).text() for role in Role]
    texts.append(talosconfig(bundle, cluster, now=now, talos=talos))
    for path, text in zip(files + own, [*texts, secrets.dump(bundle)], strict=False):
        write_atomic(path, text, PRIVATE)
        show.error(f"wrote {path}")


@app.command("schematic")
@offline
def schematic(
    file: Annotated[Path, typer.Argument(help="YAML or JSON; - for standard input.")],
    as_yaml: Annotated[bool, typer.Option("--yaml", help="The canonical text instead.")] = False,
) -> None:
    """Print the id the Image Factory gives to a schematic."""
    data = yaml.load(read(file))
    text = schematics.canonical(data).removesuffix("\n")
    show.line(text if as_yaml else schematics.schematic_id(data))


def _mirrors(pairs: list[str]) -> dict[str, Mirror]:
    """Return mirrors by host; a host given twice has two endpoints."""
    found: dict[str, Mirror] = {}
    for pair in pairs:
        host, equals, url = pair.partition("=")
        if not (host and equals and url):
            fail(f"--registry-mirror {pair}: write host=URL, as ghcr.io=https://mirror.lan", USAGE)
        before = found.get(host, Mirror(()))
        found[host] = replace(before, endpoints=(*before.endpoints, url))
    return found


def _cni(name: str) -> Cni | None:
    if name.startswith(("http://", "https://")):
        return Cni("custom", (name,))
    return Cni(name) if name else None
