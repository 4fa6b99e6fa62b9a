from dataclasses import replace

import pytest

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos import contracts
from ktizo.talos.generate import LEGACY, Base, Device, documents, hostname_document, key_of
from ktizo.talos.inputs import Cluster, Cni, Install, Mirror, RegistryTls, Role

VERSIONS = ("v1.9", "v1.10", "v1.11", "v1.12", "v1.13", "v1.14")
CONTROLPLANE, WORKER = Role.CONTROLPLANE, Role.WORKER


@pytest.fixture
def cluster(quick_bundle):
    return Cluster(
        name="home",
        endpoint="https://192.0.2.10:6443",
        secrets=quick_bundle,
        contract=contracts.V1_12,
        kubernetes="1.35.4",
        install=Install(disk="/dev/sda"),
    )


def under(cluster, version, **changes):
    return replace(cluster, contract=contracts.contract(version), **changes)


def of_kind(found, kind):
    return [document for document in found if document.get("kind") == kind]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_worker_never_gets_a_key_that_signs(cluster, version):
    text = yaml.dump_all(documents(under(cluster, version), WORKER))
    found = documents(under(cluster, version), WORKER)
    assert "PRIVATE KEY" not in text
    assert found[0]["machine"]["ca"]["key"] == ""
    for secret in (cluster.secrets.secretbox_secret, cluster.secrets.etcd.key):
        assert secret not in text
    assert "etcd" not in found[0]["cluster"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_comes_once(cluster, version):
    for role in Role:
        keys = [key_of(document) for document in documents(under(cluster, version), role)]
        assert len(keys) == len(set(keys))
        assert keys[0] == LEGACY


def test_an_ipv6_endpoint_brings_ipv6_subnets(cluster):
    six = replace(cluster, endpoint="https://[2001:db8::10]:6443")
    network = documents(six, WORKER)[0]["cluster"]["network"]
    assert network["podSubnets"] == ["fc00:db8:10::/56"]
    assert network["serviceSubnets"] == ["fc00:db8:20::/112"]
    chosen = replace(six, pod_subnets=("10.1.0.0/16", "fd00::/56"))
    assert documents(chosen, WORKER)[0]["cluster"]["network"]["podSubnets"] == [
        "10.1.0.0/16",
        "fd00::/56",
    ]
    legacy = documents(under(six, "v1.9"), CONTROLPLANE)[0]
    assert legacy["cluster"]["apiServer"]["certSANs"] == ["2001:db8::10"]


def test_the_cni_is_a_field_before_1_14_and_documents_from_then(cluster):
    none = replace(cluster, cni=Cni("none"))
    assert documents(none, WORKER)[0]["cluster"]["network"]["cni"] == {"name": "none"}
    split = documents(under(none, "v1.14"), CONTROLPLANE)
    assert not of_kind(split, "KubeFlannelCNIConfig")
    assert of_kind(split, "KubeCoreDNSConfig")
    custom = under(cluster, "v1.14", cni=Cni("custom", ("https://a/1.yaml", "https://a/2.yaml")))
    assert [
        (document["name"], document["url"])
        for document in of_kind(documents(custom, CONTROLPLANE), "KubeExternalManifestConfig")
    ] == [("custom-cni", "https://a/1.yaml"), ("custom-cni-2", "https://a/2.yaml")]
    assert of_kind(
        documents(under(cluster, "v1.14", cni=Cni()), CONTROLPLANE), "KubeFlannelCNIConfig"
    )


def test_registries_are_fields_before_1_12_and_documents_from_then(cluster):
    chosen = replace(
        cluster,
        mirrors={
            "ghcr.io": Mirror(("https://m/v2/ghcr",), override_path=True),
            "docker.io": Mirror(("https://a", "https://b"), skip_fallback=True),
        },
        registry_tls={"m": RegistryTls(ca="PEM\n"), "a": RegistryTls(insecure_skip_verify=True)},
    )
    assert documents(under(chosen, "v1.11"), WORKER)[0]["machine"]["registries"] == {
        "mirrors": {
            "docker.io": {"endpoints": ["https://a", "https://b"], "skipFallback": True},
            "ghcr.io": {"endpoints": ["https://m/v2/ghcr"], "overridePath": True},
        },
        "config": {"a": {"tls": {"insecureSkipVerify": True}}, "m": {"tls": {"ca": "UEVNCg=="}}},
    }
    found = documents(chosen, WORKER)
    assert "registries" not in found[0]["machine"]
    head = {"apiVersion": "v1alpha1"}
    assert found[1:] == [
        head
        | {
            "kind": "RegistryMirrorConfig",
            "name": "docker.io",
            "endpoints": [{"url": "https://a"}, {"url": "https://b"}],
            "skipFallback": True,
        },
        head
        | {
            "kind": "RegistryMirrorConfig",
            "name": "ghcr.io",
            "endpoints": [{"url": "https://m/v2/ghcr", "overridePath": True}],
        },
        head | {"kind": "RegistryTLSConfig", "name": "a", "insecureSkipVerify": True},
        head | {"kind": "RegistryTLSConfig", "name": "m", "ca": "PEM\n"},
        head | {"kind": "HostnameConfig", "auto": "stable"},
    ]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v1.12", {"kubespan": {"enabled": True}}), ("v1.13", None), ("v1.14", None)],
)
def test_kubespan_is_a_field_before_1_13_and_a_document_from_then(cluster, version, expected):
    found = documents(under(cluster, version, kubespan=True), WORKER)
    assert found[0]["machine"].get("network") == expected
    spans = of_kind(found, "KubeSpanConfig")
    assert [document["enabled"] for document in spans] == ([] if expected else [True])


def test_discovery_kubeprism_and_sysctls_are_the_operators_choice(cluster):
    off = replace(cluster, discovery=False, kube_prism_port=0, sysctls={"b": "2", "a": "1"})
    machine = documents(off, WORKER)[0]["machine"]
    assert "kubePrism" not in machine["features"]
    assert list(machine["sysctls"].items()) == [("a", "1"), ("b", "2")]
    assert documents(off, WORKER)[0]["cluster"]["discovery"]["enabled"] is False
    split = documents(under(off, "v1.14"), WORKER)
    assert not of_kind(split, "DiscoveryServiceConfig")
    assert not of_kind(split, "KubePrismConfig")
    assert of_kind(split, "SysctlConfig")[0]["params"] == {"a": "1", "b": "2"}


def test_the_api_servers_port_and_names_reach_the_control_plane_alone(cluster):
    chosen = replace(cluster, local_api_port=5443, cert_sans=("a.example",))
    for version, place in (("v1.12", "apiServer"), ("v1.14", "")):
        found = documents(under(chosen, version), CONTROLPLANE)
        if place:
            assert found[0]["cluster"]["controlPlane"]["localAPIServerPort"] == 5443
            assert found[0]["cluster"][place]["certSANs"] == ["a.example"]
        else:
            (server,) = of_kind(found, "KubeAPIServerConfig")
            assert (server["apiPort"], server["certExtraSANs"]) == (5443, ["a.example"])
        assert "5443" not in yaml.dump_all(documents(under(chosen, version), WORKER))


def test_the_install_disk_is_found_by_name_selector_or_match(cluster):
    by_size = Install(selector={"size": ">= 100GB"}, image="i:v1")
    assert documents(replace(cluster, install=by_size), WORKER)[0]["machine"]["install"] == {
        "diskSelector": {"size": ">= 100GB"},
        "image": "i:v1",
        "wipe": False,
        "grubUseUKICmdline": True,
    }
    match = Install(match="disk.size > 100u * GB")
    (install,) = of_kind(
        documents(under(cluster, "v1.14", install=match), WORKER), "UnattendedInstallConfig"
    )
    assert install["installer"] == {}
    assert install["provisioning"]["diskSelector"] == {"match": "disk.size > 100u * GB"}
    nowhere = documents(under(cluster, "v1.14", install=Install()), WORKER)
    assert not of_kind(nowhere, "UnattendedInstallConfig")


def test_an_old_clusters_encryption_stays_aescbc(cluster, quick_bundle):
    old = replace(quick_bundle, aescbc_secret=quick_bundle.secretbox_secret, secretbox_secret="")
    legacy = documents(replace(cluster, secrets=old), CONTROLPLANE)[0]["cluster"]
    assert legacy["aescbcEncryptionSecret"] == old.aescbc_secret
    assert "secretboxEncryptionSecret" not in legacy
    (split,) = of_kind(
        documents(under(cluster, "v1.14", secrets=old), CONTROLPLANE), "KubeEtcdEncryptionConfig"
    )
    (provider,) = split["config"]["resources"][0]["providers"]
    assert provider["aescbc"]["keys"][0]["secret"] == old.aescbc_secret


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": " "}, "needs a name"),
        ({"endpoint": "http://192.0.2.10:6443"}, "must be a URL like https"),
        ({"endpoint": "https://"}, "must be a URL like https"),
        ({"endpoint": "https://a:99999"}, "must be a URL like https"),
        ({"endpoint": "https://[::1"}, "must be a URL like https"),
        ({"pod_subnets": ("10.244.0.1/16",)}, "is not a subnet"),
        ({"service_subnets": ("many",)}, "'many' is not a subnet"),
        ({"cni": Cni("calico")}, "one of flannel, custom, none, not 'calico'"),
        ({"cni": Cni("custom")}, "needs manifest URLs"),
        ({"cni": Cni("none", ("https://a",))}, "no other takes them"),
        ({"install": Install(match="true")}, "by a diskSelector, no CEL match"),
        ({"contract": contracts.V1_14, "install": Install(selector={"type": "ssd"})}, "CEL match"),
    ],
)
def test_choices_no_talos_would_take_are_refused(cluster, changes, says):
    with pytest.raises(Invalid, match=says):
        documents(replace(cluster, **changes), WORKER)


@pytest.fixture(params=VERSIONS)
def base(cluster, request):
    chosen = under(cluster, request.param)
    return Base(documents(chosen, CONTROLPLANE), chosen.contract)


def test_a_device_without_wishes_gets_the_base(base):
    assert base.emit(Device()) == base.text() == yaml.dump_all(base.documents)


def test_a_hostname_is_written_where_the_contract_wants_it(base):
    found = yaml.load_all(base.emit(Device(hostname="node-1")))
    names = of_kind(found, "HostnameConfig")
    if base.contract.network_documents:
        assert names == [hostname_document("node-1")]
        assert names[0]["auto"] == "off"
        assert len(found) == len(base.documents)
    else:
        assert not names
        assert found[0]["machine"]["network"] == {"hostname": "node-1"}


def test_a_devices_own_parts_give_the_text_a_whole_dump_would(base):
    link = {"apiVersion": "v1alpha1", "kind": "LinkConfig", "name": "eth0", "up": True}
    install = {"disk": "/dev/disk/by-id/x", "wipe": False, "extraKernelArgs": ["a=b"]}
    labels = {"rack": "7"}
    device = Device(
        hostname="node-1",
        machine={"install": install, "nodeLabels": labels, "certSANs": ["a", "b"]},
        documents=(link,),
    )
    found = yaml.load_all(base.emit(device))
    expected = [dict(document) for document in base.documents]
    own = {"install": install, "nodeLabels": labels, "certSANs": ["a", "b"]}
    if base.contract.network_documents:
        place = [document.get("kind") for document in expected].index("HostnameConfig")
        expected[place] = hostname_document("node-1")
    else:
        own["network"] = {"hostname": "node-1"}
    expected[0] = expected[0] | {"machine": expected[0]["machine"] | own}
    assert found == [*expected, link]
    assert base.emit(device) == yaml.dump_all([*expected, link])


def test_a_document_of_the_same_kind_and_name_takes_the_bases_place(cluster):
    base = Base(documents(under(cluster, "v1.14"), WORKER), contracts.V1_14)
    own = {"apiVersion": "v1alpha1", "kind": "VolumeConfig", "name": "EPHEMERAL"}
    found = yaml.load_all(base.emit(Device(documents=(own,))))
    assert [key_of(one) for one in found] == [key_of(one) for one in base.documents]
    assert of_kind(found, "VolumeConfig") == [own]


def test_a_machines_field_cannot_change_where_there_is_no_machine():
    base = Base([hostname_document()], contracts.V1_12)
    assert base.emit(Device(hostname="a")) == yaml.dump(hostname_document("a"))
    with pytest.raises(Invalid, match="no v1alpha1 document"):
        base.emit(Device(machine={"install": {}}))


def test_a_machine_section_in_any_place_is_cut_out_cleanly():
    for order in (("machine", "cluster"), ("cluster", "machine")):
        legacy = {name: {"type": "worker"} if name == "machine" else {"a": 1} for name in order}
        base = Base([legacy], contracts.V1_9)
        expected = legacy | {"machine": {"type": "worker", "network": {"hostname": "x"}}}
        assert base.emit(Device(hostname="x")) == yaml.dump(expected)


def test_a_thousand_devices_leave_the_base_as_it_was(cluster):
    base = Base(documents(cluster, CONTROLPLANE), cluster.contract)
    before = base.text()
    emitted = {base.emit(Device(hostname=f"n{n}", machine={"install": {}})) for n in range(1000)}
    assert len(emitted) == 1000
    assert base.text() == before
