"""Rules of `cluster` in the v1alpha1 document."""

import re
from collections.abc import Iterable, Sequence

from ktizo.talos.documents import addresses, rules
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.kube_authorizer import TYPES
from ktizo.talos.documents.kube_parts import check_resources
from ktizo.talos.documents.versions import Minor

_ENDPOINT_ELSEWHERE: Minor = (1, 14)  # in KubeClusterConfig
_DNS_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?")
_CNIS = ("flannel", "custom", "none")


def check(cluster: Body | None, place: Place, *, control_plane: bool) -> None:
    """Check the cluster section, which every v1alpha1 document needs."""
    if cluster is None:
        place.refuse("cluster instructions are required")
        return
    _check_endpoint(cluster.get("controlPlane"), place.at("controlPlane", "endpoint"))
    domain = (cluster.get("network") or {}).get("dnsDomain")
    if domain and not (_DNS_NAME.fullmatch(domain) and len(domain.replace(".", "")) <= 255):
        place.at("network", "dnsDomain").refuse(f"{domain!r} is not a valid DNS name")
    _check_cloud_provider(cluster.get("externalCloudProvider"), place.at("externalCloudProvider"))
    _check_role(cluster, place, control_plane=control_plane)
    _check_manifests(cluster.get("inlineManifests") or (), place.at("inlineManifests"))
    _check_discovery(cluster, place)
    _check_api_server(cluster.get("apiServer") or {}, place.at("apiServer"))
    for program in ("apiServer", "controllerManager", "scheduler"):
        check_resources(cluster.get(program) or {}, place.at(program))


def _check_endpoint(control_plane: Body | None, place: Place) -> None:
    if control_plane is None and place.version >= _ENDPOINT_ELSEWHERE:
        return
    endpoint = (control_plane or {}).get("endpoint")
    if endpoint is None:
        place.refuse("cluster controlplane endpoint is required")
    elif reason := addresses.endpoint_problem(endpoint):
        place.refuse(f"invalid controlplane endpoint: {reason}")


def _check_role(cluster: Body, place: Place, *, control_plane: bool) -> None:
    etcd = cluster.get("etcd")
    if control_plane:
        if etcd is not None:
            _check_etcd(etcd, place.at("etcd"))
        if cluster.get("network") is not None:
            _check_cni(cluster["network"].get("cni") or {}, place.at("network", "cni"))
        return
    if etcd is not None:
        place.at("etcd").refuse("etcd config is only allowed on control plane machines")
    if (cluster.get("ca") or {}).get("key"):
        place.at("ca", "key").refuse("cluster CA key is not allowed on non-controlplane nodes")


def _check_etcd(etcd: Body, place: Place) -> None:
    if etcd.get("ca") is None:
        place.at("ca").refuse("key/cert combination should not be empty")
    if etcd.get("subnet") and etcd.get("advertisedSubnets"):
        place.at("subnet").refuse("can't be set when advertisedSubnets are set")
    advertised = etcd.get("advertisedSubnets") or [etcd.get("subnet") or ""]
    rules.subnets(filter(None, advertised), place.at("advertisedSubnets"))
    rules.subnets(etcd.get("listenSubnets") or (), place.at("listenSubnets"))


def _check_cni(cni: Body, place: Place) -> None:
    name, urls = cni.get("name") or "flannel", cni.get("urls") or []
    flannel = cni.get("flannel") or {}
    if name not in _CNIS:
        place.at("name").refuse(f"cni name should be one of {', '.join(_CNIS)}, not {name!r}")
        return
    _check_cni_urls(name, urls, place.at("urls"))
    for option in ("extraArgs", "kubeNetworkPoliciesEnabled"):
        if name != "flannel" and flannel.get(option):
            place.at("flannel", option).refuse(f"should not be set for {name!r} CNI")


def _check_cni_urls(name: str, urls: Sequence[str], place: Place) -> None:
    if urls and name != "custom":
        place.refuse(f"should be empty for {name!r} CNI")
    if not urls and name == "custom":
        place.warn("should not be empty for 'custom' CNI")
    for index, url in enumerate(urls if name == "custom" else ()):
        if reason := addresses.endpoint_problem(url):
            place.at(index).refuse(reason)


def _check_cloud_provider(provider: Body | None, place: Place) -> None:
    manifests = (provider or {}).get("manifests") or []
    if provider is not None and not provider.get("enabled") and manifests:
        place.refuse("external cloud provider is disabled, but manifests are provided")
        return
    for index, url in enumerate(manifests):
        if reason := addresses.endpoint_problem(url):
            place.at("manifests", index).refuse(f"invalid manifest url {url!r}: {reason}")


def _check_manifests(manifests: Iterable[Body], place: Place) -> None:
    names: set[str] = set()
    for index, manifest in enumerate(manifests):
        name = manifest.get("name", "")
        if not name.strip():
            place.at(index, "name").refuse("inline manifest name can't be empty")
        if name in names:
            place.at(index, "name").refuse(f"inline manifest name {name!r} is duplicate")
        names.add(name)


def _check_discovery(cluster: Body, place: Place) -> None:
    discovery = cluster.get("discovery") or {}
    service = (discovery.get("registries") or {}).get("service") or {}
    if not discovery.get("enabled") or service.get("disabled"):
        return
    here = place.at("discovery", "registries", "service", "endpoint")
    if endpoint := service.get("endpoint"):
        if "://" not in endpoint:
            here.refuse(f"parse {endpoint!r}: invalid URI for request")
        elif addresses.url(endpoint).path not in ("", "/"):
            here.refuse("cluster discovery service path should be empty")
    for key in ("id", "secret"):
        if not cluster.get(key):
            place.at(key).refuse(f"cluster discovery service requires .cluster.{key}")


def _check_api_server(server: Body, place: Place) -> None:
    for flag in server.get("extraArgs") or {}:
        if flag == "authorization-mode" or flag.startswith("authorization-webhook"):
            reason = "cannot be used in conjunction with AuthorizationConfig"
            place.at("extraArgs", flag).refuse(reason)
    for index, authorizer in enumerate(server.get("authorizationConfig") or ()):
        _check_authorizer(authorizer, place.at("authorizationConfig", index))


def _check_authorizer(authorizer: Body, place: Place) -> None:
    kind = authorizer.get("type") or ""
    if kind not in TYPES:
        place.at("type").refuse(f"authorizer type must be one of {', '.join(TYPES)}, not {kind!r}")
    if not authorizer.get("name"):
        place.at("name").refuse("authorizer name must be set")
    if kind == "Webhook" and not authorizer.get("webhook"):
        place.at("webhook").refuse("is required for Webhook authorizer type")
    if kind != "Webhook" and authorizer.get("webhook"):
        place.at("webhook").refuse("is only for Webhook authorizer type")
