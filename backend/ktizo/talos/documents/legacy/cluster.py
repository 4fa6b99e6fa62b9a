"""Fields of `cluster` in the v1alpha1 document, in Talos's order."""

from typing import Any

from ktizo.talos.documents.kube_parts import ARGUMENTS, RESOURCES
from ktizo.talos.documents.legacy.machine import CERT_AND_KEY, CERTS
from ktizo.talos.documents.scalars import BASE64, BOOL, DURATION, INT, TEXT, TRUTH, URL, pointer
from ktizo.talos.documents.shape import (
    ListOf,
    MapOf,
    Struct,
    Unstructured,
    kept,
    plain,
    replaced,
    since,
    struct,
)


def _same_plugin(left: Any, right: Any) -> bool:
    return bool(left.get("name", "") == right.get("name", ""))


_VOLUMES = ListOf(struct(hostPath=kept(TEXT), mountPath=kept(TEXT), readonly=TRUTH))
_RESOURCES = Struct(RESOURCES.fields)
_API_SERVER = struct(
    image=TEXT,
    extraArgs=ARGUMENTS,
    extraVolumes=_VOLUMES,
    env=MapOf(TEXT),
    certSANs=ListOf(TEXT),
    disablePodSecurityPolicy=BOOL,
    admissionControl=ListOf(
        struct(name=kept(TEXT), configuration=kept(Unstructured())), same=_same_plugin
    ),
    auditPolicy=replaced(Unstructured()),
    resources=_RESOURCES,
    authorizationConfig=ListOf(struct(type=kept(TEXT), name=kept(TEXT), webhook=Unstructured())),
)
_NETWORK = struct(
    cni=struct(
        name=TEXT,
        urls=ListOf(TEXT),
        flannel=struct(extraArgs=ListOf(TEXT), kubeNetworkPoliciesEnabled=since("1.13", BOOL)),
    ),
    dnsDomain=kept(TEXT),
    podSubnets=kept(replaced(ListOf(TEXT))),
    serviceSubnets=kept(replaced(ListOf(TEXT))),
)
_ETCD = struct(
    image=TEXT,
    ca=kept(CERT_AND_KEY),
    extraArgs=ARGUMENTS,
    subnet=TEXT,
    advertisedSubnets=ListOf(TEXT),
    listenSubnets=ListOf(TEXT),
)

CLUSTER = struct(
    id=TEXT,
    secret=TEXT,
    controlPlane=struct(endpoint=kept(pointer(URL)), localAPIServerPort=INT),
    clusterName=TEXT,
    network=_NETWORK,
    token=TEXT,
    aescbcEncryptionSecret=TEXT,
    secretboxEncryptionSecret=TEXT,
    ca=CERT_AND_KEY,
    acceptedCAs=CERTS,
    aggregatorCA=CERT_AND_KEY,
    serviceAccount=struct(key=kept(BASE64)),
    apiServer=_API_SERVER,
    controllerManager=struct(
        image=TEXT,
        extraArgs=ARGUMENTS,
        extraVolumes=_VOLUMES,
        env=MapOf(TEXT),
        resources=_RESOURCES,
    ),
    proxy=struct(disabled=BOOL, image=TEXT, mode=TEXT, extraArgs=ARGUMENTS),
    scheduler=struct(
        image=TEXT,
        extraArgs=ARGUMENTS,
        extraVolumes=_VOLUMES,
        env=MapOf(TEXT),
        resources=_RESOURCES,
        config=Unstructured(),
    ),
    discovery=struct(
        enabled=BOOL,
        registries=kept(
            plain(
                kubernetes=kept(plain(disabled=BOOL)),
                service=kept(plain(disabled=BOOL, endpoint=TEXT)),
            )
        ),
    ),
    etcd=_ETCD,
    coreDNS=struct(disabled=BOOL, image=TEXT),
    externalCloudProvider=struct(enabled=BOOL, manifests=ListOf(TEXT)),
    extraManifests=ListOf(TEXT, keep_empty=True),
    extraManifestHeaders=MapOf(TEXT),
    inlineManifests=ListOf(struct(name=kept(TEXT), contents=kept(TEXT)), keep_empty=True),
    adminKubeconfig=struct(certLifetime=DURATION),
    allowSchedulingOnMasters=BOOL,
    allowSchedulingOnControlPlanes=BOOL,
)
