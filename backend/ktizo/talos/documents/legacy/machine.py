"""Fields of `machine` in the v1alpha1 document, in Talos's order."""

import re

from ktizo.talos.documents import sizes
from ktizo.talos.documents.kube_parts import ARGUMENTS
from ktizo.talos.documents.legacy.network import NETWORK
from ktizo.talos.documents.scalars import (
    BASE64,
    BOOL,
    DISK_SIZE,
    DURATION,
    INT,
    MODE,
    TEXT,
    U32,
    U64,
    URL,
    parsed,
)
from ktizo.talos.documents.shape import (
    ListOf,
    MapOf,
    Unstructured,
    kept,
    plain,
    since,
    struct,
)

CERT_AND_KEY = struct(crt=kept(BASE64), key=kept(BASE64))
CERTS = ListOf(struct(crt=kept(BASE64)))

_SIZE_CONDITION = re.compile(r"(>=|<=|>|<|==)?\s*(.*)")


def _size_condition(text: str) -> None:
    match = _SIZE_CONDITION.fullmatch(text.strip())
    sizes.number_of_bytes(match[2].strip() if match else text)


_ID_MAPPINGS = ListOf(struct(containerID=kept(U32), hostID=kept(U32), size=kept(U32)))
_KUBELET = struct(
    image=TEXT,
    clusterDNS=ListOf(TEXT),
    extraArgs=ARGUMENTS,
    extraMounts=ListOf(
        struct(
            destination=kept(TEXT),
            type=TEXT,
            source=TEXT,
            options=ListOf(TEXT),
            uidMappings=_ID_MAPPINGS,
            gidMappings=_ID_MAPPINGS,
        )
    ),
    extraConfig=Unstructured(),
    credentialProviderConfig=Unstructured(),
    defaultRuntimeSeccompProfileEnabled=BOOL,
    registerWithFQDN=BOOL,
    nodeIP=struct(validSubnets=ListOf(TEXT)),
    skipNodeRegistration=BOOL,
    disableManifestsDirectory=BOOL,
)
_INSTALL = struct(
    disk=TEXT,
    diskSelector=struct(
        size=parsed("a size condition such as '>= 100GB'", _size_condition),
        name=TEXT,
        model=TEXT,
        serial=TEXT,
        modalias=TEXT,
        uuid=TEXT,
        wwid=TEXT,
        type=TEXT,
        busPath=TEXT,
    ),
    extraKernelArgs=ListOf(TEXT),
    image=TEXT,
    extensions=ListOf(struct(image=kept(TEXT))),
    bootloader=BOOL,
    wipe=kept(BOOL),
    legacyBIOSSupport=BOOL,
    grubUseUKICmdline=since("1.12", BOOL),
)
_REGISTRIES = plain(
    mirrors=MapOf(
        struct(endpoints=kept(ListOf(TEXT)), overridePath=BOOL, skipFallback=BOOL), nulls=True
    ),
    config=MapOf(
        struct(
            tls=struct(clientIdentity=CERT_AND_KEY, ca=BASE64, insecureSkipVerify=BOOL),
            auth=struct(username=TEXT, password=TEXT, auth=TEXT, identityToken=TEXT),
        ),
        nulls=True,
    ),
)
_ENCRYPTION = struct(
    provider=kept(TEXT),
    keys=kept(
        ListOf(
            struct(
                static=struct(passphrase=TEXT),
                nodeID=struct(),
                kms=struct(endpoint=kept(TEXT)),
                slot=kept(INT),
                tpm=struct(checkSecurebootStatusOnEnroll=BOOL),
            )
        )
    ),
    cipher=TEXT,
    keySize=U64,
    blockSize=U64,
    options=ListOf(TEXT),
)
_FEATURES = struct(
    rbac=BOOL,
    stableHostname=BOOL,
    kubernetesTalosAPIAccess=struct(
        enabled=BOOL, allowedRoles=ListOf(TEXT), allowedKubernetesNamespaces=ListOf(TEXT)
    ),
    apidCheckExtKeyUsage=BOOL,
    diskQuotaSupport=BOOL,
    kubePrism=struct(enabled=BOOL, port=INT),
    hostDNS=struct(enabled=BOOL, forwardKubeDNSToHost=BOOL, resolveMemberNames=BOOL),
    imageCache=struct(localEnabled=BOOL),
    nodeAddressSortAlgorithm=TEXT,
)
_LOGGING = struct(
    destinations=kept(ListOf(struct(endpoint=kept(URL), format=kept(TEXT), extraTags=MapOf(TEXT))))
)

MACHINE = struct(
    type=kept(TEXT),
    token=kept(TEXT),
    ca=CERT_AND_KEY,
    acceptedCAs=CERTS,
    certSANs=kept(ListOf(TEXT)),
    controlPlane=struct(controllerManager=struct(disabled=BOOL), scheduler=struct(disabled=BOOL)),
    kubelet=_KUBELET,
    pods=ListOf(Unstructured()),
    network=NETWORK,
    disks=ListOf(struct(device=TEXT, partitions=ListOf(struct(size=DISK_SIZE, mountpoint=TEXT)))),
    install=_INSTALL,
    files=ListOf(
        struct(content=kept(TEXT), permissions=kept(MODE), path=kept(TEXT), op=kept(TEXT))
    ),
    env=MapOf(TEXT),
    time=struct(disabled=BOOL, servers=ListOf(TEXT), bootTimeout=DURATION),
    sysctls=MapOf(TEXT),
    sysfs=MapOf(TEXT),
    registries=_REGISTRIES,
    systemDiskEncryption=struct(state=_ENCRYPTION, ephemeral=_ENCRYPTION),
    features=_FEATURES,
    udev=struct(rules=ListOf(TEXT)),
    logging=_LOGGING,
    kernel=struct(modules=ListOf(struct(name=kept(TEXT), parameters=ListOf(TEXT)))),
    seccompProfiles=ListOf(struct(name=kept(TEXT), value=kept(Unstructured())), keep_empty=True),
    baseRuntimeSpecOverrides=Unstructured(),
    nodeLabels=MapOf(TEXT),
    nodeAnnotations=MapOf(TEXT),
    nodeTaints=MapOf(TEXT),
)
