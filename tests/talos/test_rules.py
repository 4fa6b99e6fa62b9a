"""What each kind of document refuses: one broken sample per rule, with the path and the reason."""

import pytest

from ktizo.talos.validate import validate_documents
from talos.samples import CERT, KEY_32, PAIR, SAMPLES

NOT_PEM = {"cert": "a", "key": "b"}
CONTROL_PLANE = {"version": "v1alpha1", "machine": {"type": "controlplane"}}

STORAGE = [
    ("VolumeConfig", {"name": "DATA"}, "name: only STATE, EPHEMERAL, IMAGECACHE, "),
    ("VolumeConfig", {"name": "IMAGE-CACHE"}, "Talos calls it IMAGECACHE"),
    ("VolumeConfig", {"name": "STATE"}, "provisioning"),
    ("VolumeConfig", {"provisioning": {"minSize": "2GB", "maxSize": "1GB"}}, "minSize: min size"),
    ("VolumeConfig", {"provisioning": {"maxSize": "101%"}}, "maxSize: percentage must be between"),
    ("VolumeConfig", {"provisioning": {"minSize": "5%"}}, "minSize: unhandled size name: '%'"),
    (
        "VolumeConfig",
        {"provisioning": {"diskSelector": {"match": "disk.size > 5"}}},
        "provisioning.diskSelector.match: selector is invalid: found no matching overload",
    ),
    (
        "VolumeConfig",
        {"encryption": {"keys": [{"slot": 0, "nodeID": {}}]}},
        "provider: unsupported",
    ),
    ("VolumeConfig", {"encryption": {"provider": "luks2"}}, "encryption.keys: encryption keys are"),
    (
        "VolumeConfig",
        {"encryption": {"provider": "luks2", "keys": [{"slot": 0}]}},
        "encryption.keys[0]: slot 0 needs one of static, nodeID, kms, tpm",
    ),
    (
        "VolumeConfig",
        {"encryption": {"provider": "luks2", "keys": [{"nodeID": {}}, {"nodeID": {}}]}},
        "encryption.keys[1].slot: duplicate key slot 0",
    ),
    (
        "VolumeConfig",
        {
            "encryption": {
                "provider": "luks2",
                "keys": [{"slot": 1, "tpm": {"options": {"pcrs": [24]}}}],
            }
        },
        "tpm.options.pcrs[0]: PCR 24 is not between 0 and 23",
    ),
    ("UserVolumeConfig", {"name": "a_b"}, "name: can only hold ASCII letters, digits and hyphens"),
    ("UserVolumeConfig", {"name": "a" * 35}, "name: name must be between 1 and 34 characters"),
    ("UserVolumeConfig", {"name": ""}, "name: name is required"),
    ("UserVolumeConfig", {"provisioning": {"maxSize": "1GB"}}, "disk selector is required"),
    (
        "UserVolumeConfig",
        {"provisioning": {"diskSelector": {"match": "true"}}},
        "min size or max size is required",
    ),
    ("UserVolumeConfig", {"filesystem": {"type": "zfs"}}, "filesystem.type: 'zfs' is not one of"),
    ("RawVolumeConfig", {"provisioning": {}}, "disk selector is required"),
    ("SwapVolumeConfig", {"provisioning": {}}, "disk selector is required"),
    (
        "ExistingVolumeConfig",
        {"discovery": {}},
        "volumeSelector.match: volume selector is required",
    ),
    (
        "ExistingVolumeConfig",
        {"discovery": {"volumeSelector": {"match": "disk.serial == volume.size"}}},
        "'_==_' applied to '(string, uint)'",
    ),
    ("ExternalVolumeConfig", {"mount": {}}, "mount.virtiofs: is required"),
    ("LVMVolumeGroupConfig", {"name": "a b"}, "name: can only hold ASCII letters, digits, hyphens"),
    ("LVMLogicalVolumeConfig", {"type": "linear"}, "mirrors: is only valid for raid1 and raid10"),
    ("LVMLogicalVolumeConfig", {"provisioning": {}}, "provisioning.volumeGroup: is required"),
    ("RAIDArrayConfig", {"level": "raid5"}, "level: 'raid5' is not one of raid1"),
    ("FilesystemScrubConfig", {"interval": "1s"}, "interval: minimum value is 10s"),
    ("FilesystemTrimConfig", {"interval": "-1s"}, "interval: interval cannot be negative"),
    ("FilesystemTrimConfig", {"interval": "1"}, "interval: '1' is not a duration; write 10s"),
    ("ZswapConfig", {"maxPoolPercent": 101}, "maxPoolPercent: must be between 0 and 100"),
]

NETWORK = [
    ("HostnameConfig", {"hostname": "a" * 64}, "its first label has 1 to 63"),
    ("HostnameConfig", {"hostname": ".a"}, "its first label has 1 to 63"),
    ("HostnameConfig", {"hostname": ".".join(["a" * 60] * 5)}, "hostname: fqdn is too long: 304"),
    ("HostnameConfig", {"auto": "stable"}, "'auto' and 'hostname' cannot be set at the same time"),
    ("HostnameConfig", {"auto": None, "hostname": None}, "either 'auto' or 'hostname' must be set"),
    ("HostnameConfig", {"auto": "maybe"}, "auto: 'maybe' is not one of stable, off"),
    ("LinkConfig", {"name": ""}, "name: name must be specified"),
    ("LinkConfig", {"addresses": [{"address": "192.0.2.1"}]}, "addresses[0].address: '192.0.2.1'"),
    ("LinkConfig", {"addresses": [{}]}, "addresses[0]: address must be specified"),
    ("LinkConfig", {"addresses": [{"address": "0.0.0.0/0"}]}, "must be a valid IP address"),
    ("LinkConfig", {"routes": [{"destination": "0.0.0.0/0"}]}, "leave it out for a default route"),
    ("LinkConfig", {"mtu": -1}, "mtu: -1 is not between 0 and 4294967295"),
    ("LinkAliasConfig", {"selector": {}}, "selector.match: link selector is required"),
    ("LinkAliasConfig", {"selector": {"match": "link.mtu == 1"}}, "write 120u instead of 120"),
    ("BondConfig", {"links": []}, "links"),
    ("BondConfig", {"bondMode": "turbo"}, "bondMode: 'turbo' is not one of balance-rr"),
    ("VLANConfig", {"vlanID": 4095}, "vlanID"),
    ("VLANConfig", {"parent": ""}, "parent"),
    ("VethConfig", {"peer": {"name": "veth0"}}, "peer.name: name and peer name must be different"),
    ("VRFConfig", {"table": "main"}, "table: cannot create vrf with reserved table 'main'"),
    ("WireguardConfig", {"privateKey": "AAAA"}, "wrong key length: 3 bytes, want 32"),
    ("WireguardConfig", {"privateKey": "é"}, "privateKey: wireguard private key is invalid"),
    ("WireguardConfig", {"peers": [{}]}, "peers[0].publicKey: wireguard peer public key must be"),
    ("WireguardConfig", {"peers": [{"publicKey": KEY_32, "endpoint": "a:1"}]}, "peers[0].endpoint"),
    ("DHCPv4Config", {"clientIdentifier": "duid"}, "duid"),
    ("DHCPv6Config", {"duidRaw": "zz"}, "duidRaw"),
    ("Layer2VIPConfig", {"name": "eth0"}, "name: name must be a valid IP address"),
    ("Layer2VIPConfig", {"link": ""}, "link"),
    ("HCloudVIPConfig", {"apiToken": ""}, "apiToken: is required"),
    ("ResolverConfig", {"nameservers": [{"address": "dns.lan"}]}, "nameservers[0].address: 'dns"),
    (
        "ResolverConfig",
        {"nameservers": [{"address": "192.0.2.1", "protocol": "DoT", "tlsServerName": "a"}]},
        "hostDNS must be enabled",
    ),
    ("TimeSyncConfig", {"bootTimeout": "-1s"}, "bootTimeout"),
    ("TimeSyncConfig", {"ptp": {"devices": ["/dev/ptp0"]}}, "ptp"),
    ("StaticHostConfig", {"name": "nas"}, "name: name must be a valid IP address"),
    ("StaticHostConfig", {"hostnames": []}, "hostnames"),
    ("EthernetConfig", {"name": ""}, "name: is required"),
    ("RoutingRuleConfig", {"name": "32766"}, "name: priority must be between 1 and 32765"),
    ("RoutingRuleConfig", {"table": ""}, "table: either table or a non-unicast action"),
    ("BlackholeRouteConfig", {"name": "x"}, "name: name must be a valid address prefix"),
    ("BGPInstanceConfig", {"localASN": 0}, "localASN: localASN must be specified"),
    ("BGPInstanceConfig", {"neighbors": [{}]}, "neighbors[0]: exactly one of address or link"),
    ("NetworkDefaultActionConfig", {"ingress": "drop"}, "ingress: 'drop' is not one of accept"),
    (
        "NetworkRuleConfig",
        {"portSelector": {"ports": ["80-90", 85], "protocol": "tcp"}},
        "portSelector.ports: port ranges must not overlap",
    ),
    (
        "NetworkRuleConfig",
        {"portSelector": {"ports": ["90-80"], "protocol": "tcp"}},
        "portSelector.ports[0]: invalid port range: 90-80",
    ),
    ("NetworkRuleConfig", {"ingress": [{}]}, "ingress[0].subnet"),
    ("TCPProbeConfig", {"endpoint": ""}, "endpoint: TCP probe endpoint is required"),
    ("HTTPProbeConfig", {"url": "ftp://a/"}, "url: scheme must be http or https, got 'ftp'"),
    ("KubeSpanConfig", {"mtu": 100}, "mtu"),
]

SYSTEM = [
    ("TrustedRootsConfig", {"name": ""}, "name"),
    ("RegistryMirrorConfig", {"endpoints": [{"url": "mirror.lan"}]}, "endpoints[0].url"),
    ("RegistryTLSConfig", {"clientIdentity": NOT_PEM}, "clientIdentity"),
    ("RegistryAuthConfig", {"auth": "b"}, "only one of username/password or auth authentication"),
    ("ImageVerificationConfig", {"rules": [{}]}, "rules[0]"),
    ("EventSinkConfig", {"endpoint": "sink"}, "endpoint"),
    ("KmsgLogConfig", {"url": "http://a:1/"}, "url: url scheme must be tcp:// or udp://"),
    ("KmsgLogConfig", {"url": "udp://a"}, "url: url port is required"),
    ("WatchdogTimerConfig", {"timeout": "5s"}, "timeout"),
    ("WatchdogTimerConfig", {"device": ""}, "device"),
    ("EnvironmentConfig", {"variables": {"a-b": "1"}}, "invalid environment variable name: 'a-b'"),
    ("SysctlConfig", {"params": {"": "1"}}, "params: sysctl key cannot be empty"),
    ("KernelModuleConfig", {"name": ""}, "name: is required"),
    ("PCIDriverRebindConfig", {"targetDriver": ""}, "targetDriver: is required"),
    ("EtcFileConfig", {"name": "../shadow"}, "name: '../shadow' must be a local path"),
    ("EtcFileConfig", {"name": "hosts"}, "is managed by Talos"),
    ("EtcFileConfig", {"mode": "rw"}, "mode: 'rw' is not a file mode such as 0644"),
    ("ExtensionServiceConfig", {"configFiles": []}, "no config files or environment variables"),
    ("ContainerConfig", {"name": "A"}, "name: name needs 1 to 63 lower-case letters"),
    ("ContainerConfig", {"mounts": [{}]}, "mounts[0]: exactly one of"),
    ("CRICustomizationConfig", {"name": "a b"}, "name: invalid name"),
    ("OOMConfig", {"triggerExpression": "1.0"}, "triggerExpression: expression is invalid"),
    ("SideroLinkConfig", {"apiUrl": "http://a"}, "apiUrl: apiUrl scheme must be https:// or grpc"),
    ("DiscoveryServiceConfig", {"endpoint": "ftp://a"}, "endpoint: endpoint scheme must be"),
    ("DiscoveryIdentityConfig", {"clusterSecret": "AAAA"}, "clusterSecret: expected 32 bytes"),
    ("UnattendedInstallConfig", {"provisioning": {}}, "provisioning.diskSelector.match"),
]

KUBERNETES = [
    ("KubeClusterConfig", {"endpoint": "home:6443"}, "endpoint: cluster endpoint is invalid"),
    ("KubeClusterConfig", {"clusterName": ""}, "clusterName: clusterName must be specified"),
    ("KubeNodeConfig", {"labels": {"a/b/c": ""}}, "labels.a/b/c: 'a/b/c' has too many slashes"),
    ("KubeNodeConfig", {"taints": {"a": "b:Never"}}, "taints.a: invalid taint effect in 'b:Never'"),
    ("KubeNodeConfig", {"annotations": {"talos.dev/owned-labels": ""}}, "is reserved for Talos"),
    (
        "KubeNodeConfig",
        {"nodeIP": {"validSubnets": ["!x"]}},
        "validSubnets[0]: subnet is not valid",
    ),
    ("KubeletConfig", {"image": ""}, "image"),
    ("KubeNetworkConfig", {"podSubnets": []}, "podSubnets: at least one subnet must be specified"),
    ("KubeNetworkConfig", {"podSubnets": ["10.0.0.0/25"]}, "is smaller than the /24 each node"),
    ("KubeNetworkConfig", {"podSubnets": ["10.0.0.1/16"]}, "podSubnets[0]: invalid subnet"),
    ("KubePrismConfig", {"port": 0}, "port: invalid port 0: must be in range 1-65535"),
    ("KubeAPIServerConfig", {"image": ""}, "image"),
    (
        "KubeSchedulerConfig",
        {"resources": {"limits": {"gpu": 1}}},
        "unsupported pod resource 'gpu'",
    ),
    ("KubeControllerManagerConfig", {"image": ""}, "image: image cannot be empty"),
    ("KubeProxyConfig", {"mode": "ebpf"}, "mode: invalid proxy mode 'ebpf'"),
    ("KubeFlannelCNIConfig", {"backendType": ""}, "flannel backend type must be specified"),
    ("KubeAPIServerCAConfig", {"issuingCA": NOT_PEM}, "issuingCA"),
    ("KubeAggregatorCAConfig", {"issuingCA": None}, "issuingCA: issuing CA is not set"),
    ("KubeAggregatorCAConfig", {"acceptedCAs": [PAIR["key"]]}, "acceptedCAs[0]: unexpected PEM"),
    ("KubeServiceAccountConfig", {"issuer": {"privateKey": CERT}}, "issuer.privateKey"),
    ("KubeEtcdEncryptionConfig", {"config": {}}, "config: etcd encryption config is required"),
    ("KubeAuthorizerConfig", {"type": "Magic"}, "type: authorizer type 'Magic' is not one of"),
    ("KubeAuthorizerConfig", {"type": "Webhook"}, "webhook: is required for Webhook"),
    ("KubeExternalManifestConfig", {"url": "file:///x"}, "url: scheme must be http or https"),
    ("KubeInlineManifestConfig", {"name": "A"}, "name: name is required, as a DNS name"),
    ("KubeStaticPodConfig", {"pod": {}}, "pod: static pod spec is required"),
    (
        "KubeTalosAPIAccessConfig",
        {"allowedRoles": ["root"]},
        "allowedRoles[0]: invalid role 'root'",
    ),
]


@pytest.mark.parametrize(("kind", "changes", "said"), [*STORAGE, *NETWORK, *SYSTEM, *KUBERNETES])
def test_a_broken_document_is_refused_with_the_path_and_the_reason(kind, changes, said):
    changed = {**SAMPLES[kind], **changes}
    document = {key: value for key, value in changed.items() if value is not None}
    errors = validate_documents([CONTROL_PLANE, document], "v1.14").errors
    own = [str(one) for one in errors if one.document != "v1alpha1.Config"]
    assert [one for one in own if said in one], own


@pytest.mark.parametrize(
    ("version", "changes", "said"),
    [
        ("v1.11", {"provisioning": {"maxSize": "80%"}}, "are known from Talos v1.12 on"),
        ("v1.12", {"provisioning": {"maxSize": "-5GiB"}}, "'-5GiB' is not a size"),
        ("v1.12", {"provisioning": {"maxSize": "-5%"}}, "are known from Talos v1.13 on"),
        ("v1.10", {"name": "STATE", "provisioning": None}, "only EPHEMERAL, IMAGECACHE volumes"),
        ("v1.13", {"name": "ETCD"}, "only STATE, EPHEMERAL, IMAGECACHE volumes"),
        ("v1.12", {"mount": {"secure": True}}, "mount: unknown key in Talos v1.12; it is known fr"),
        ("v1.10", {"encryption": {}}, "encryption: unknown key in Talos v1.10"),
    ],
)
def test_a_version_knows_nothing_of_later_ones(version, changes, said):
    changed = {**SAMPLES["VolumeConfig"], **changes}
    document = {key: value for key, value in changed.items() if value is not None}
    (error,) = validate_documents([document], version).errors
    assert said in str(error)


@pytest.mark.parametrize(
    ("version", "size"), [("v1.12", "80%"), ("v1.13", "-5GiB"), ("v1.14", "-5%"), ("v1.9", "5GB")]
)
def test_sizes_of_a_version_are_taken(version, size):
    document = SAMPLES["VolumeConfig"] | {"provisioning": {"maxSize": size}}
    assert validate_documents([document], version).ok
