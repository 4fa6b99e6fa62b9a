import pytest

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos.schematic import canonical, load, schematic_id

VANILLA = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
ARGUMENTS = "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c"
META = "d308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f"
OVERLAY = "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9"
SECUREBOOT = "fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6"
SECTORS = "92833e9ddd9bb9e11b2464fa5525429f01866306d52ebd882ee08d7918f6d1ea"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", VANILLA),
        ("{}", VANILLA),
        ("customization: {}", VANILLA),
        ("customization:", VANILLA),
        ("customization: {extraKernelArgs: [], bootloader: none, diskImage: {}}", VANILLA),
        ("overlay: {image: '', name: '', options: {}}", VANILLA),
        ('{"customization": {"extraKernelArgs": ["noapic", "nolapic"]}}', ARGUMENTS),
        ("customization: {systemExtensions: {}, extraKernelArgs: [noapic, nolapic]}", ARGUMENTS),
        ("customization: {meta: [{key: 10, value: foo}]}", META),
        ("customization: {meta: [{value: foo, key: 0xa}]}", META),
        ("overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}", OVERLAY),
        ("customization: {secureboot: {includeWellKnownCertificates: true}}", SECUREBOOT),
        ("customization: {diskImage: {sectorSize: 4096}}", SECTORS),
    ],
)
def test_the_id_is_the_one_the_factory_gives(text, expected):
    assert schematic_id(load(text)) == expected
    assert schematic_id(yaml.load(text)) == expected


def test_the_order_of_extensions_and_arguments_counts_and_that_of_fields_does_not():
    one = load("customization: {systemExtensions: {officialExtensions: [a, b]}}")
    other = load("customization: {systemExtensions: {officialExtensions: [b, a]}}")
    assert schematic_id(one) != schematic_id(other)
    first = load("customization: {extraKernelArgs: [x], bootloader: grub}")
    second = load("customization: {bootloader: GRUB, extraKernelArgs: [x]}")
    assert schematic_id(first) == schematic_id(second)


def test_the_canonical_text_is_written_as_go_writes_it():
    text = """
    customization:
      secureboot: {enrollKeys: "off"}
      bootloader: sd-boot
      systemExtensions: {officialExtensions: [siderolabs/gvisor, siderolabs/amd-ucode]}
      meta: [{key: 12, value: ""}]
      extraKernelArgs: ["console=ttyS0,115200", -selinux, "talos.config=http://a/?u=${uuid}", 5]
      embeddedMachineConfiguration: |
        apiVersion: v1alpha1
        kind: HostnameConfig
    overlay: {options: {b: 0644, a: {y: on, x: [false, null]}}, image: i, name: x}
    owner: me
    """
    assert canonical(yaml.load(text)) == (
        "owner: me\n"
        "overlay:\n"
        "    image: i\n"
        "    name: x\n"
        "    options:\n"
        "        a:\n"
        "            x:\n"
        "                - false\n"
        "                - null\n"
        '            "y": "on"\n'
        "        b: 420\n"
        "customization:\n"
        "    embeddedMachineConfiguration: |\n"
        "        apiVersion: v1alpha1\n"
        "        kind: HostnameConfig\n"
        "    extraKernelArgs:\n"
        "        - console=ttyS0,115200\n"
        "        - -selinux\n"
        "        - talos.config=http://a/?u=${uuid}\n"
        '        - "5"\n'
        "    meta:\n"
        "        - key: 12\n"
        '          value: ""\n'
        "    systemExtensions:\n"
        "        officialExtensions:\n"
        "            - siderolabs/gvisor\n"
        "            - siderolabs/amd-ucode\n"
        "    bootloader: sd-boot\n"
        "    secureboot:\n"
        '        enrollKeys: "off"\n'
    )


def test_options_of_an_overlay_keep_their_zeros():
    text = canonical({"overlay": {"image": "i", "name": "n", "options": {"on": False, "n": 0}}})
    assert '            "n": 0\n' not in text
    assert '        "n": 0\n        "on": false\n' in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("customisation: {}", "customisation: no such field"),
        ("customization: {extensions: []}", "customization.extensions: no such field"),
        ("customization: {meta: [{key: 1, name: x}]}", r"meta\[0\].name: no such field"),
        ("customization: {meta: [{key: 256}]}", r"meta\[0\].key must be a whole number"),
        ("customization: {meta: [{key: true}]}", "from 0 to 255"),
        ("customization: {meta: {key: 1}}", "customization.meta must be a list"),
        ("customization: [a]", "customization must be a mapping"),
        ("- a", "a schematic must be a mapping"),
        ("customization: {extraKernelArgs: [[a]]}", r"extraKernelArgs\[0\] must be text"),
        ("customization: {extraKernelArgs: [true]}", r"extraKernelArgs\[0\] must be text"),
        ("customization: {secureboot: {includeWellKnownCertificates: yes}}", "true or false"),
        ("customization: {bootloader: lilo}", "one of none, dual-boot, sd-boot, grub, not 'lilo'"),
        ("overlay: {options: [1]}", "overlay.options must be a mapping"),
        ("overlay: {options: {a: [1.5]}}", r"overlay.options.a\[0\] is a fraction"),
    ],
)
def test_what_the_factory_would_refuse_is_refused_with_its_path(text, says):
    with pytest.raises(Invalid, match=says):
        load(text)
