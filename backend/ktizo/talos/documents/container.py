"""ContainerConfig: a container Talos itself runs, without Kubernetes."""

import re
from collections.abc import Iterable
from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import BOOL, DISK_SIZE, INT_P, TEXT, one_of
from ktizo.talos.documents.shape import ListOf, kept, plain, struct

_NAME = re.compile(r"[a-z0-9-]{1,63}")
_CAPABILITY = re.compile(r"(?!CAP_)[A-Z_]+")
_MILLICORES = re.compile(r"0*[1-9][0-9]*m")
_OPTIONS = ("ro", "rw", "noexec", "nosuid", "nodev", "noatime", "rbind", "rshared")
_NETWORKS = ("addresses", "connectivity", "hostname", "etcfiles")
_SOURCES = ("userVolume", "tmpfs", "hostPath")
_EVERY = "ALL"


def _check(body: Body, place: Place) -> None:
    if not _NAME.fullmatch(body.get("name", "")):
        place.at("name").refuse("name needs 1 to 63 lower-case letters, digits and hyphens")
    required(body, place, "image")
    for index, variable in enumerate(body.get("environment") or ()):
        if "=" not in variable:
            place.at("environment", index).refuse(f"{variable!r} must be in KEY=value form")
    _check_mounts(body.get("mounts") or (), place.at("mounts"))
    _check_capabilities(body, place.at("security", "capabilities"))
    _check_limits(body, place)
    _check_dependencies(body, place.at("dependsOn"))


def _check_mounts(mounts: Iterable[Body], place: Place) -> None:
    destinations: set[str] = set()
    for index, mount in enumerate(mounts):
        here = place.at(index)
        given = [source for source in _SOURCES if mount.get(source) is not None]
        if len(given) != 1:
            here.refuse(f"exactly one of {', '.join(_SOURCES)} must be set")
            continue
        spec, here = mount[given[0]], here.at(given[0])
        if given == ["userVolume"]:
            required(spec, here, "name")
        if given == ["hostPath"]:
            _absolute(spec.get("source") or "", here.at("source"))
        destination = spec.get("destination") or ""
        _absolute(destination, here.at("destination"))
        if destination in destinations:
            here.at("destination").refuse(f"duplicate destination {destination!r}")
        destinations.add(destination)
        _check_options(spec.get("options") or (), here.at("options"))


def _check_options(options: Iterable[str], place: Place) -> None:
    for option in options:
        if option not in _OPTIONS:
            place.refuse(f"unsupported mount option {option!r}; known: {', '.join(_OPTIONS)}")
    if {"ro", "rw"} <= set(options):
        place.refuse("mount options ro and rw are mutually exclusive")


def _absolute(path: str, place: Place) -> None:
    if not path.startswith("/"):
        place.refuse("is required, as an absolute path")


def _check_capabilities(body: Body, place: Place) -> None:
    spec = (body.get("security") or {}).get("capabilities") or {}
    added, dropped = spec.get("add") or [], spec.get("drop") or []
    for index, name in enumerate(added):
        if name == _EVERY:
            place.at("add", index).refuse("does not accept ALL, use profile: privileged instead")
        if name in dropped:
            place.at("add", index).refuse(f"{name!r} appears in both add and drop")
    for key, names in (("add", added), ("drop", dropped)):
        for index, name in enumerate(names):
            if not _CAPABILITY.fullmatch(name):
                place.at(key, index).refuse(f"{name!r} must be upper case, without CAP_")


def _check_limits(body: Body, place: Place) -> None:
    limits = (body.get("resources") or {}).get("limits") or {}
    cpu = limits.get("cpu")
    if cpu and not _MILLICORES.fullmatch(cpu):
        place.at("resources", "limits", "cpu").refuse("must be in millicores, such as 1500m")
    for key, number in (body.get("runAs") or {}).items():
        if number < 0:
            place.at("runAs", key).refuse("must not be negative")


def _check_dependencies(body: Body, place: Place) -> None:
    spec = body.get("dependsOn") or {}
    for index, path in enumerate(spec.get("paths") or ()):
        _absolute(path, place.at("paths", index))
    for index, name in enumerate(spec.get("containers") or ()):
        if not name:
            place.at("containers", index).refuse("must not be empty")
        elif name == body.get("name"):
            place.at("containers", index).refuse(f"container {name!r} cannot depend on itself")


def _mount(**source: Any) -> Any:
    return struct(**source, destination=kept(TEXT), options=ListOf(TEXT))


KIND = Kind(
    "ContainerConfig",
    "1.14",
    plain(
        name=NAME,
        image=kept(TEXT),
        entrypoint=ListOf(TEXT),
        args=ListOf(TEXT),
        workingDir=TEXT,
        runAs=struct(uid=INT_P, gid=INT_P),
        environment=ListOf(TEXT),
        mounts=ListOf(
            plain(
                userVolume=_mount(name=kept(TEXT)),
                tmpfs=struct(destination=kept(TEXT), size=DISK_SIZE, options=ListOf(TEXT)),
                hostPath=_mount(source=kept(TEXT)),
            )
        ),
        security=struct(
            profile=one_of("restricted", "privileged"),
            capabilities=struct(add=ListOf(TEXT), drop=ListOf(TEXT)),
        ),
        network=struct(mode=one_of("none", "host")),
        resources=struct(limits=struct(cpu=TEXT, memory=DISK_SIZE)),
        dependsOn=struct(
            paths=ListOf(TEXT),
            networks=ListOf(one_of(*_NETWORKS)),
            time=BOOL,
            containers=ListOf(TEXT),
        ),
    ),
    _check,
)
build = KIND.build
