"""The verdict on whole configs: what stands in the v1alpha1 document, and what excludes what."""

import copy
import json

import pytest

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos.validate import validate, validate_documents
from talos.samples import SAMPLES

V = "v1.12"
WORKER = {
    "version": "v1alpha1",
    "machine": {
        "type": "worker",
        "token": "abcdef.0123456789abcdef",
        "ca": {"crt": "MAA="},
        "install": {"disk": "/dev/sda"},
    },
    "cluster": {"controlPlane": {"endpoint": "https://192.0.2.10:6443"}},
}
CONTROL_PLANE = copy.deepcopy(WORKER)
CONTROL_PLANE["machine"] |= {"type": "controlplane", "ca": {"crt": "MAA=", "key": "MAA="}}


def document(kind, **fields):
    return {"apiVersion": "v1alpha1", "kind": kind, **fields}


def changed(config, path, value):
    """Return `config` with the value at `path` (`machine.type`) set."""
    result = copy.deepcopy(config)
    *steps, last = path.split(".")
    holder = result
    for step in steps:
        holder = holder.setdefault(step, {})
    holder[last] = value
    return result


def errors(*documents, version=V, **options):
    return [str(one) for one in validate_documents(documents, version, **options).errors]


def warnings(*documents, version=V):
    return [str(one) for one in validate_documents(documents, version).warnings]


@pytest.mark.parametrize("version", [f"v1.{number}" for number in range(9, 14)])
def test_a_small_config_of_each_role_is_good(version):
    assert errors(WORKER, version=version) == []
    assert errors(CONTROL_PLANE, version=version) == []


@pytest.mark.parametrize(
    ("config", "path", "value", "said"),
    [
        (WORKER, "machine.type", "wroker", "machine.type: unknown machine type 'wroker'"),
        (WORKER, "machine.tpye", "worker", "machine.tpye: unknown key in Talos v1.12"),
        (CONTROL_PLANE, "machine.ca.key", "", "machine.ca.key: issuing CA key is required for"),
        (CONTROL_PLANE, "machine.ca", {}, "machine.ca"),
        (WORKER, "machine.ca.key", "MAA=", "key is not allowed on non-controlplane nodes"),
        (WORKER, "machine.ca.crt", "%%", "machine.ca.crt: illegal base64 data"),
        (
            WORKER,
            "machine.network.interfaces",
            [{"interface": "eth0", "dhcp": True, "vip": {"ip": "192.0.2.10"}}],
            "interfaces[0].vip: virtual (shared) IP is not allowed on non-controlplane nodes",
        ),
        (
            WORKER,
            "machine.network.interfaces",
            [{"interface": "eth0", "deviceSelector": {"driver": "virtio"}}],
            "machine.network.interfaces[0]",
        ),
        (
            WORKER,
            "machine.network.interfaces",
            [{"interface": "eth0", "addresses": ["192.0.2.1/33"]}],
            "machine.network.interfaces[0].addresses[0]",
        ),
        (WORKER, "machine.install", None, "machine.install: install instructions are required in"),
        (WORKER, "machine.install.disk", "", "either install disk or diskSelector should be"),
        (WORKER, "machine.install.diskSelector", {"size": "> big"}, "diskSelector.size"),
        (WORKER, "machine.kubelet.extraConfig", {"port": 0}, "extraConfig"),
        (WORKER, "machine.kubelet.nodeIP.validSubnets", ["x"], "validSubnets[0]"),
        (WORKER, "machine.nodeLabels", {"a b": "c"}, "machine.nodeLabels.a b"),
        (WORKER, "machine.nodeTaints", {"a": "b:Never"}, "machine.nodeTaints.a"),
        (WORKER, "machine.systemDiskEncryption.state.provider", "luks2", "state"),
        (WORKER, "cluster", None, "cluster: cluster instructions are required"),
        (WORKER, "cluster.controlPlane.endpoint", "192.0.2.10", "controlPlane.endpoint"),
        (WORKER, "cluster.etcd", {}, "cluster.etcd: etcd config is only allowed on control plane"),
        (WORKER, "cluster.network.dnsDomain", "a b", "cluster.network.dnsDomain"),
        (CONTROL_PLANE, "cluster.network.cni", {"name": "calico"}, "cluster.network.cni"),
        (WORKER, "persist", False, "persist: .persist should be enabled"),
        (WORKER, "machine.certSANs", "a", "machine.certSANs: cannot read !!str `a` as a list"),
        (WORKER, "machine.sysctls", ["a"], "machine.sysctls: cannot read !!seq as a mapping"),
        (WORKER, "machine.kubelet.extraMounts", [None], "extraMounts[0]"),
    ],
)
def test_a_broken_machine_is_refused_with_the_path_and_the_reason(config, path, value, said):
    found = errors(changed(config, path, value))
    assert [one for one in found if said in one and one.startswith("v1alpha1.Config: ")], found


def test_all_reasons_are_said_at_once():
    broken = changed(changed(WORKER, "machine.type", "wroker"), "cluster.etcd", {})
    found = errors(broken, document("EventSinkConfig", endpoint="x"))
    assert len(found) >= 3


def test_a_config_that_does_not_load_is_judged_no_further():
    broken = changed(changed(WORKER, "machine.tpye", 1), "cluster.etcd", {})
    assert errors(broken) == ["v1alpha1.Config: machine.tpye: unknown key in Talos v1.12"]


def test_documents_without_a_machine_are_good_on_their_own():
    assert errors(SAMPLES["HostnameConfig"], SAMPLES["LinkConfig"]) == []


class TestTogether:
    """What may not stand beside each other."""

    def test_a_worker_may_not_share_an_address(self):
        found = errors(WORKER, SAMPLES["Layer2VIPConfig"])
        assert found == [
            "Layer2VIPConfig/192.0.2.10: a shared address is only for control plane machines"
        ]
        assert errors(CONTROL_PLANE, SAMPLES["Layer2VIPConfig"]) == []

    def test_a_hostname_stands_in_one_place(self):
        twice = changed(WORKER, "machine.network.hostname", "a")
        (found,) = errors(twice, SAMPLES["HostnameConfig"])
        assert found.startswith("HostnameConfig: .machine.network.hostname is already set in")

    def test_a_stable_hostname_of_the_old_kind_excludes_the_document(self):
        stable = changed(WORKER, "machine.features.stableHostname", True)
        (found,) = errors(stable, SAMPLES["HostnameConfig"])
        assert "machine.features.stableHostname" in found

    @pytest.mark.parametrize(
        ("path", "value", "kind"),
        [
            ("machine.network.nameservers", ["192.0.2.53"], "ResolverConfig"),
            ("machine.time.servers", ["time.lan"], "TimeSyncConfig"),
            ("machine.time.disabled", True, "TimeSyncConfig"),
        ],
    )
    def test_a_setting_stands_in_one_place(self, path, value, kind):
        (found,) = errors(changed(WORKER, path, value), SAMPLES[kind])
        assert found.startswith(f"{kind}: .{path} is already set in the v1alpha1 config")

    def test_two_volumes_of_one_name_clash(self):
        one = SAMPLES["UserVolumeConfig"]
        other = SAMPLES["ExistingVolumeConfig"] | {"name": one["name"]}
        (found,) = errors(one, other)
        assert found == "ExistingVolumeConfig/ceph-data: conflicts with UserVolumeConfig/ceph-data"

    def test_two_kinds_of_link_of_one_name_clash(self):
        other = SAMPLES["DummyLinkConfig"] | {"name": SAMPLES["LinkConfig"]["name"]}
        (found,) = errors(SAMPLES["LinkConfig"], other)
        assert found == "DummyLinkConfig/enp1s0: conflicts with LinkConfig/enp1s0"

    def test_a_document_stands_once(self):
        assert errors(WORKER, WORKER) == ["v1alpha1.Config: duplicate document is not allowed"]
        twice = [SAMPLES["EventSinkConfig"]] * 2
        assert errors(*twice) == ["EventSinkConfig: duplicate document is not allowed"]

    def test_what_belongs_to_a_control_plane_is_refused_on_a_worker(self):
        found = errors(WORKER, SAMPLES["KubeSchedulerConfig"], version="v1.14")
        assert "KubeSchedulerConfig: is only allowed on control plane machines" in found

    def test_a_split_control_plane_needs_its_etcd_encryption(self):
        assert errors(CONTROL_PLANE, version="v1.14") == [
            "etcd encryption config is required for control plane machines"
        ]
        assert errors(CONTROL_PLANE, SAMPLES["KubeEtcdEncryptionConfig"], version="v1.14") == []
        old = changed(CONTROL_PLANE, "cluster.secretboxEncryptionSecret", "abc")
        assert errors(old, version="v1.14") == []


class TestKubernetesImages:
    """The Kubernetes a Talos runs is a matter of the node: it warns us, and refuses there."""

    OLD = changed(WORKER, "machine.kubelet.image", "ghcr.io/siderolabs/kubelet:v1.28.0")

    def test_a_kubernetes_out_of_range_is_a_warning(self):
        assert errors(self.OLD) == []
        (found,) = warnings(self.OLD)
        assert found == (
            "v1alpha1.Config: machine.kubelet.image: Talos v1.12 runs Kubernetes 1.30 to 1.35,"
            " not v1.28.0"
        )

    def test_on_the_node_it_is_an_error(self):
        (found,) = errors(self.OLD, on_node=True)
        assert "not v1.28.0" in found

    def test_one_in_range_says_nothing(self):
        good = changed(WORKER, "machine.kubelet.image", "ghcr.io/siderolabs/kubelet:v1.35.0")
        assert warnings(good) == []
        assert errors(good, on_node=True) == []


class TestUnknownKinds:
    """What the operator knows and Ktizo does not."""

    NEW = document("NextConfig", name="x", field=1)

    def test_they_are_refused_as_talos_would(self):
        assert errors(self.NEW) == ["NextConfig/x: kind not registered in Talos v1.12"]

    def test_they_are_a_warning_when_asked_for(self):
        verdict = validate_documents([WORKER, self.NEW], V, keep_unknown_kinds=True)
        assert verdict.ok
        (found,) = verdict.warnings
        assert (found.document, found.reason) == (
            "NextConfig/x",
            "this kind is not known to Ktizo: passed through unchanged, not checked",
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no document in it"),
        ("---\n---\n", "there is no document in it"),
        ("worker", "document 1: expected a mapping, not !!str"),
        ("- a", "document 1: expected a mapping, not !!seq"),
        ("a: b", "document 1: kind: missing kind"),
        ("kind: HostnameConfig", "document 1: apiVersion: missing apiVersion; write v1alpha1"),
        ("{apiVersion: v2, kind: HostnameConfig}", "HostnameConfig: kind not registered"),
        ("a: [", "line 2, column 1"),
        ("a: 1\na: 2", "line 2"),
        ("a: \x00", ""),
        (b"\xff\xfe\xfd", ""),
        ("[" * 5_000 + "]" * 5_000, ""),
        ("a: !!python/object:os.system [x]", ""),
    ],
)
def test_what_is_no_config_is_refused_with_a_reason(text, said):
    verdict = validate(text, V)
    assert not verdict.ok
    assert said in str(verdict.errors[0])
    assert verdict.errors[0].reason


def test_a_yaml_bomb_is_refused():
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)
    )
    (error,) = validate(bomb, V).errors
    assert "aliases multiply this text beyond reason" in error.reason


def test_ten_megabytes_are_refused_unread():
    (error,) = validate("x" * 10_000_000, V).errors
    assert "10,000,000 bytes of YAML" in error.reason


def test_a_version_nobody_knows_is_refused():
    with pytest.raises(Invalid, match=r"v1\.9 to v1\.14"):
        validate("a: b", "v1.8")


def test_a_verdict_can_be_raised_with_every_reason_as_data():
    verdict = validate_documents([changed(WORKER, "machine.type", "wroker")], V)
    with pytest.raises(Invalid) as caught:
        verdict.refuse()
    assert "unknown machine type" in caught.value.message
    assert caught.value.detail["findings"] == [
        {
            "document": "v1alpha1.Config",
            "path": "machine.type",
            "reason": verdict.errors[0].reason,
        }
    ]
    json.dumps(caught.value.detail)
    validate_documents([WORKER], V).refuse()


NASTY = [
    None, True, -1, 2**64, 10**30, 1.5, float("nan"), "", "9" * 5_000, "٣", "\x00", "a" * 300,
    "101%", "1e400", "http://[", "https://a:99999", "1.2.3.4/33", "fe80::1%eth0",
    "-----BEGIN A-----" + " " * 9_000, "-----BEGIN A" * 900, "1" * 400 + "h", "(!" * 4_000,
    "a." * 3_000, "::" * 9_000, [], {}, [None], [[]], [{}], {"a": None}, {"": ""}, {"a": {"a": {}}},
]  # fmt: skip


def places(value, path=()):
    """Yield the path of everything in a document."""
    if path:
        yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from places(item, (*path, key))


def put(value, path, item):
    result = copy.deepcopy(value)
    holder = result
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = item
    return result


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_value_anywhere_makes_the_validator_fail(kind):
    for path in places(SAMPLES[kind]):
        for value in NASTY:
            verdict = validate_documents([put(SAMPLES[kind], path, value)], "v1.14")
            assert isinstance(verdict.ok, bool)


def test_no_value_in_a_machine_makes_the_validator_fail(reference):
    config, *_ = yaml.load_all(reference.text("stability/v1.9/overrides-controlplane.yaml"))
    for number, path in enumerate(places(config)):
        for value in NASTY[number % 4 :: 4]:
            assert isinstance(validate_documents([put(config, path, value)], "v1.9").ok, bool)
