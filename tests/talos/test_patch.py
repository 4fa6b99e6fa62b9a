"""Patches: Talos's merge rules, deletions, scopes, JSON patches, and what is refused."""

import pytest

from ktizo.core.errors import Invalid, KtizoError, TooLarge
from ktizo.talos.patch import MAX_PATCH_BYTES, Scopes, load, parse, patched, scoped

V = "v1.12"
BASE = """\
version: v1alpha1
machine:
  type: worker
  certSANs: [a]
  sysctls: {a: "1"}
  kubelet: {disableManifestsDirectory: true}
  network:
    interfaces:
      - interface: eth0
        mtu: 1500
        addresses: [192.0.2.5/24]
        vlans: [{vlanId: 5, addresses: [198.51.100.5/24]}]
      - deviceSelector: {driver: virtio}
        dhcp: true
cluster:
  network: {podSubnets: [10.244.0.0/16], serviceSubnets: [10.96.0.0/12]}
---
apiVersion: v1alpha1
kind: VolumeConfig
name: EPHEMERAL
provisioning: {grow: true, maxSize: 10GiB}
"""
ALONE = BASE.partition("---\n")[0]


def after(*patches, base=BASE, version=V):
    """Return the documents after patching, the v1alpha1 one first."""
    return patched(base, patches, version).written()


def machine(*patches, **given):
    return after(*patches, **given)[0]["machine"]


def refused(*patches, **given):
    with pytest.raises(KtizoError) as caught:
        after(*patches, **given)
    return caught.value.message


def interfaces(*patches):
    return machine(*patches)["network"]["interfaces"]


def test_a_scalar_on_the_right_replaces_the_left_one():
    assert machine("machine: {type: controlplane}")["type"] == "controlplane"


def test_empty_text_and_zero_do_not_clear_what_is_there():
    assert machine('machine: {type: ""}')["type"] == "worker"
    zero = "machine: {network: {interfaces: [{interface: eth0, mtu: 0}]}}"
    assert interfaces(zero)[0]["mtu"] == 1500


def test_false_always_wins():
    assert "dhcp" in interfaces()[1]
    off = "machine: {network: {interfaces: [{deviceSelector: {driver: virtio}, dhcp: false}]}}"
    assert interfaces(off)[1]["dhcp"] is False
    off = "machine: {kubelet: {disableManifestsDirectory: false}}"
    assert machine(off)["kubelet"]["disableManifestsDirectory"] is False


def test_lists_append():
    assert machine("machine: {certSANs: [b, a]}")["certSANs"] == ["a", "b", "a"]


def test_maps_merge_by_key():
    assert machine('machine: {sysctls: {b: "2"}}')["sysctls"] == {"a": "1", "b": "2"}
    assert machine('machine: {sysctls: {a: "2"}}')["sysctls"] == {"a": "2"}


@pytest.mark.parametrize("key", ["podSubnets", "serviceSubnets"])
def test_a_cluster_has_the_subnets_of_the_last_patch(key):
    network = after(f"cluster: {{network: {{{key}: [10.0.0.0/8]}}}}")[0]["cluster"]["network"]
    assert network[key] == ["10.0.0.0/8"]


def test_an_audit_policy_is_replaced_whole():
    first = "cluster: {apiServer: {auditPolicy: {rules: [{level: Metadata}], omitStages: []}}}"
    second = "cluster: {apiServer: {auditPolicy: {rules: [{level: None}]}}}"
    server = after(first, second)[0]["cluster"]["apiServer"]
    assert server["auditPolicy"] == {"rules": [{"level": "None"}]}


def test_interfaces_merge_by_name_and_then_by_selector():
    more = """
    machine:
      network:
        interfaces:
          - {interface: eth0, addresses: [192.0.2.6/24]}
          - {interface: eth1, dhcp: true}
          - {deviceSelector: {driver: virtio}, mtu: 9000}
    """
    first, second, third = interfaces(more)
    assert first["addresses"] == ["192.0.2.5/24", "192.0.2.6/24"]
    assert second == {"deviceSelector": {"driver": "virtio"}, "mtu": 9000, "dhcp": True}
    assert third == {"interface": "eth1", "dhcp": True}


def test_vlans_merge_by_id():
    more = """
    machine:
      network:
        interfaces:
          - interface: eth0
            vlans: [{vlanId: 5, mtu: 1400}, {vlanId: 6}]
    """
    five, six = interfaces(more)[0]["vlans"]
    assert (five["vlanId"], five["mtu"], five["addresses"]) == (5, 1400, ["198.51.100.5/24"])
    assert six["vlanId"] == 6


def test_admission_plugins_merge_by_name_and_their_lists_append():
    plugin = """
    cluster:
      apiServer:
        admissionControl: [{{name: {}, configuration: {{a: [{}]}}}}]
    """
    found = after(plugin.format("P", 1), plugin.format("P", 2), plugin.format("Q", 3))
    assert found[0]["cluster"]["apiServer"]["admissionControl"] == [
        {"name": "P", "configuration": {"a": [1, 2]}},
        {"name": "Q", "configuration": {"a": [3]}},
    ]


def test_free_content_of_another_kind_cannot_be_merged():
    patch = "machine: {{kubelet: {{extraConfig: {{maxPods: {}}}}}}}"
    message = refused(patch.format("{a: 1}"), patch.format("5"))
    assert message.startswith("patch 2: v1alpha1.Config: merge type mismatch")


def test_extension_files_merge_by_path():
    service = """
    apiVersion: v1alpha1
    kind: ExtensionServiceConfig
    name: nut
    configFiles: [{{content: {}, mountPath: {}}}]
    """
    found = after(*(service.format(*file) for file in (("a", "/1"), ("b", "/2"), ("c", "/1"))))
    assert found[2]["configFiles"] == [
        {"content": "c", "mountPath": "/1"},
        {"content": "b", "mountPath": "/2"},
    ]


def test_a_network_rule_has_the_ports_and_sources_of_the_last_patch():
    rule = """
    apiVersion: v1alpha1
    kind: NetworkRuleConfig
    name: apid
    portSelector: {{ports: [{0}], protocol: tcp}}
    ingress: [{{subnet: 192.0.2.{0}/32}}]
    """
    found = after(rule.format(1), rule.format(2))[2]
    assert found["portSelector"]["ports"] == [2]
    assert found["ingress"] == [{"subnet": "192.0.2.2/32"}]


def test_a_document_merges_into_the_one_of_its_kind_and_name_or_is_appended():
    one = """
    {apiVersion: v1alpha1, kind: VolumeConfig, name: EPHEMERAL, provisioning: {minSize: 5GiB}}
    """
    other = "{apiVersion: v1alpha1, kind: HostnameConfig, hostname: a, auto: 'off'}"
    _, volume, hostname = after(one, other)
    assert volume["provisioning"] == {"grow": True, "minSize": "5GiB", "maxSize": "10GiB"}
    assert hostname["hostname"] == "a"


def test_one_patch_may_hold_several_documents():
    other = "{apiVersion: v1alpha1, kind: HostnameConfig, auto: stable}"
    first, _, third = after(f"machine: {{certSANs: [b]}}\n---\n{other}")
    assert first["machine"]["certSANs"] == ["a", "b"]
    assert third["kind"] == "HostnameConfig"


def test_the_special_scope_comes_after_the_general_one():
    sans = "machine: {{certSANs: [{}], sysctls: {{by: {}}}}}"
    scopes = Scopes(
        device=(sans.format("device", "device"),),
        role=(sans.format("role", "role"),),
        cluster=(sans.format("cluster", "cluster"), sans.format("cluster-2", "cluster")),
    )
    found = scoped(parse(BASE, V), scopes, V).written()[0]["machine"]
    assert found["certSANs"] == ["a", "cluster", "cluster-2", "role", "device"]
    assert found["sysctls"]["by"] == "device"


def test_a_refusal_names_the_scope_and_the_number_of_the_patch():
    scopes = Scopes(role=("machine: {certSANs: [b]}", "machine: {tpye: worker}"))
    with pytest.raises(Invalid, match=r"^role patch 2: v1alpha1.Config: machine.tpye: unknown key"):
        scoped(parse(BASE, V), scopes, V)


class TestDeleting:
    """`$patch: delete`."""

    def test_a_key_is_emptied(self):
        assert "sysctls" not in machine("machine: {sysctls: {$patch: delete}}")
        assert machine("machine: {kubelet: {$patch: delete}}").get("kubelet") is None

    def test_a_key_of_a_map_is_removed(self):
        patch = 'machine: {sysctls: {a: {$patch: delete}, b: "2"}}'
        assert machine(patch)["sysctls"] == {"b": "2"}

    def test_the_first_item_with_the_key_is_removed_and_the_rest_of_the_patch_is_merged(self):
        patch = """
        machine:
          certSANs: [b]
          network: {interfaces: [{interface: eth0, $patch: delete}]}
        """
        found = machine(patch)
        assert found["certSANs"] == ["a", "b"]
        assert [one.get("interface") for one in found["network"]["interfaces"]] == [None]

    def test_a_document_is_removed(self):
        patch = "{apiVersion: v1alpha1, kind: VolumeConfig, name: EPHEMERAL, $patch: delete}"
        assert len(after(patch)) == 1

    def test_a_field_of_a_document_is_removed(self):
        patch = """
        {apiVersion: v1alpha1, kind: VolumeConfig, name: EPHEMERAL,
         provisioning: {grow: {$patch: delete}}}
        """
        assert after(patch)[1]["provisioning"] == {"maxSize": "10GiB"}

    @pytest.mark.parametrize(
        ("patch", "reason"),
        [
            ("$patch: delete", "the v1alpha1 document itself cannot be deleted"),
            (
                "machine: {certSANs: [b], install: {wipe: {$patch: delete}}}",
                "failed to delete path 'machine.install.wipe': lookup failed",
            ),
            ("machine: {sysctls: {b: {$patch: delete}}}", "'machine.sysctls.b': lookup failed"),
            (
                "machine: {network: {interfaces: [{interface: eth9, $patch: delete}]}}",
                "lookup failed",
            ),
            (
                "machine: {network: {interfaces: [{interface: eth0, dhcp: {$patch: delete}}]}}",
                "cannot delete an inner key in 'machine.network.interfaces.[0].dhcp'",
            ),
            ("machine: {certSANs: [{$patch: delete}]}", "no key to find the item by"),
            (
                "{apiVersion: v1alpha1, kind: VolumeConfig, name: STATE, $patch: delete}",
                "VolumeConfig/STATE: there is no such document",
            ),
            ("{kind: VolumeConfig, name: EPHEMERAL, $patch: delete}", "needs apiVersion and kind"),
        ],
    )
    def test_what_is_not_there_cannot_be_deleted(self, patch, reason):
        assert reason in refused(patch)


class TestJsonPatches:
    """RFC 6902."""

    def test_they_change_a_config_of_one_document(self):
        patch = """
        - {op: replace, path: /machine/type, value: controlplane}
        - {op: add, path: /machine/certSANs/-, value: b}
        - {op: copy, from: /machine/certSANs, path: /cluster/apiServer, value: ignored}
        - {op: replace, path: /cluster/apiServer, value: {certSANs: [c]}}
        - {op: move, from: /machine/sysctls/a, path: /machine/sysctls/net.core~1x}
        - {op: test, path: /machine/certSANs/1, value: b}
        - {op: remove, path: /machine/network}
        """
        found = after(patch, base=ALONE)[0]
        assert found["machine"]["type"] == "controlplane"
        assert found["machine"]["certSANs"] == ["a", "b"]
        assert found["machine"]["sysctls"] == {"net.core/x": "1"}
        assert found["cluster"]["apiServer"] == {"certSANs": ["c"]}
        assert not found["machine"].get("network")

    def test_they_may_be_json(self):
        patch = '[{"op": "add", "path": "/machine/sysctls/b", "value": "2"}]'
        assert machine(patch, base=ALONE)["sysctls"] == {"a": "1", "b": "2"}

    def test_they_are_refused_when_there_are_several_documents(self):
        message = refused("[{op: remove, path: /machine/sysctls}]")
        assert "JSON6902 patches are not supported for multi-document machine config" in message

    @pytest.mark.parametrize(
        ("patch", "reason"),
        [
            ("[{op: put, path: /machine}]", "operation 1 needs an op of add, remove"),
            ("[{op: add, path: machine}]", "operation 1 needs a path"),
            ("[{op: move, path: /machine}]", "operation 1 needs a from"),
            ("[{op: remove, path: /machine/nope}]", "(remove /machine/nope): \"no 'nope' there\""),
            ("[{op: remove, path: /machine/certSANs/7}]", "no item 7 there"),
            ("[{op: add, path: /machine/certSANs/7, value: b}]", "not a place in that list"),
            ("[{op: add, path: /machine/type/a, value: b}]", "no mapping or list"),
            ("[{op: test, path: /machine/type, value: a}]", "the value there is another one"),
            ("[{op: add, path: /machine/tpye, value: a}]", "machine.tpye: unknown key"),
            (f"[{{op: remove, path: /machine/certSANs/{'9' * 5000}}}]", "operation 1"),
        ],
    )
    def test_a_patch_that_does_not_fit_is_refused_with_its_number(self, patch, reason):
        assert reason in refused(patch, base=ALONE)


class TestUnknownKinds:
    """What the operator knows and Ktizo does not."""

    NEW = "apiVersion: v1beta7\nkind: NextConfig\nname: x\nzeta: [1, 0x10, true]\nalpha: {}\n"

    def test_they_are_refused_as_talos_would(self):
        assert refused(self.NEW).endswith("NextConfig/x: kind not registered in Talos v1.12")

    def test_they_pass_through_untouched_when_asked_for_and_the_config_says_so(self):
        config = patched(BASE, [self.NEW], V, keep_unknown_kinds=True)
        assert config.text().endswith(
            "---\napiVersion: v1beta7\nkind: NextConfig\nname: x\n"
            "zeta:\n    - 1\n    - 0x10\n    - true\nalpha: {}\n"
        )
        assert config.notes == [
            "NextConfig/x: this kind is not known to Ktizo: passed through unchanged, not checked"
        ]

    def test_a_later_one_of_the_same_name_replaces_the_first(self):
        later = self.NEW.replace("alpha: {}", "alpha: {b: 1}")
        config = patched(BASE, [self.NEW, later], V, keep_unknown_kinds=True)
        assert config.written()[-1]["alpha"] == {"b": 1}
        assert len(config.documents) == 3

    def test_nothing_known_says_nothing(self):
        assert patched(BASE, [], V, keep_unknown_kinds=True).notes == []

    def test_a_kind_of_a_later_talos_is_still_refused(self):
        patch = "{apiVersion: v1alpha1, kind: SysctlConfig, params: {a: b}}"
        with pytest.raises(Invalid, match=r"only from v1\.14 on"):
            patched(BASE, [patch], V, keep_unknown_kinds=True)


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ("", "the patch is empty"),
        ("# nothing\n", "the patch is empty"),
        ("worker", "expected a mapping, not !!str"),
        ("machine: [", "line"),
        ("machine: {tpye: worker}", "machine.tpye: unknown key in Talos v1.12"),
        ("machine: {type: [worker]}", "machine.type: cannot read !!seq as text"),
        ("machine: {certSANs: a}", "machine.certSANs: cannot read !!str `a` as a list"),
        ("machine: {network: {interfaces: [{mtu: big}]}}", "interfaces[0].mtu"),
        ("machien: {type: worker}", "missing kind"),
        ("kind: HostnameConfig", "missing apiVersion; write v1alpha1"),
        (
            "{apiVersion: v1alpha1, kind: Hostname}\n---\n{apiVersion: v2, kind: HostnameConfig}",
            "Hostname: kind not registered in Talos v1.12; HostnameConfig: kind not registered",
        ),
        (
            "{apiVersion: v1alpha1, kind: OOMConfig}\n---\n{apiVersion: v1alpha1, kind: OOMConfig}",
            "OOMConfig: duplicate document is not allowed",
        ),
    ],
)
def test_a_patch_talos_cannot_read_is_refused_with_the_path(patch, reason):
    message = refused(patch)
    assert message.startswith("patch 1: ")
    assert reason in message


def test_a_yaml_bomb_is_refused():
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)
    )
    assert "patch 1: " in refused(bomb)
    assert "patch 1: " in refused("machine: {sysctls: " + "[" * 10_000 + "]" * 10_000 + "}")


def test_a_patch_of_ten_megabytes_is_refused():
    big = f"machine: {{sysctls: {{a: {'x' * 10_000_000}}}}}"
    with pytest.raises(TooLarge, match=r"has 10,000,\d+ bytes; Talos takes at most 1,048,576"):
        load(big, V)
    assert MAX_PATCH_BYTES == 1_048_576


def test_a_config_that_does_not_load_is_not_patched():
    with pytest.raises(Invalid, match=r"^v1alpha1.Config: machine.tpye: unknown key"):
        patched("machine: {tpye: a}", ["machine: {type: worker}"], V)
