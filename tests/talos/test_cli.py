"""The offline commands, run in this process."""

import base64
import stat

import pytest
from typer.testing import CliRunner

from ktizo.cli.talos import app
from ktizo.core import yaml
from ktizo.talos import secrets
from talos.openssl import certificate, openssl

HOME = ["--cluster", "home", "--endpoint", "https://192.0.2.10:6443"]


def run(*arguments, given=""):
    return CliRunner().invoke(app, [str(one) for one in arguments], input=given)


@pytest.fixture
def bundle_file(quick_bundle, tmp_path):
    path = tmp_path / "in" / "secrets.yaml"
    path.parent.mkdir()
    path.write_text(secrets.dump(quick_bundle))
    return path


@pytest.mark.parametrize(
    ("tag", "kubernetes"),
    [("v1.9.6", "1.32.4"), ("v1.12.11", "1.35.4"), ("v1.14.0-rc.1", "v1.37.0")],
)
def test_gen_writes_the_files_talosctl_would(reference, tmp_path, tag, kubernetes):
    bundle = tmp_path / "secrets.yaml"
    bundle.write_text(reference.text("golden/secrets.yaml"))
    done = run(
        "gen", "--contract", tag, "--secrets", bundle, "--cluster", "test-cluster",
        "--endpoint", "https://192.0.2.10:6443", "--install-disk", "/dev/sda",
        "--install-image", f"ghcr.io/siderolabs/installer:{tag}",
        "--kubernetes", kubernetes, "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    made = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert set(made) == {"controlplane.yaml", "worker.yaml", "talosconfig"}
    for name in ("controlplane.yaml", "worker.yaml"):
        assert made[name].read_text() == reference.text(f"golden/{tag}/{name}")
    assert yaml.load(made["talosconfig"].read_text())["context"] == "test-cluster"
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.values()} == {0o600}


def test_gen_never_overwrites_unless_told_to(bundle_file, tmp_path):
    arguments = ["gen", *HOME, "--secrets", bundle_file, "--out", tmp_path]
    assert run(*arguments).exit_code == 0
    before = (tmp_path / "talosconfig").read_text()
    again = run(*arguments)
    assert again.exit_code == 1
    assert "would be overwritten; use --force" in again.stderr
    assert (tmp_path / "talosconfig").read_text() == before
    assert run(*arguments, "--force").exit_code == 0
    assert (tmp_path / "talosconfig").read_text() != before


def test_gen_takes_an_operators_choices(bundle_file, tmp_path):
    done = run(
        "gen", *HOME, "--contract", "v1.12", "--secrets", bundle_file, "--out", tmp_path,
        "--registry-mirror", "ghcr.io=https://a", "--registry-mirror", "ghcr.io=https://b",
        "--cni", "none", "--additional-sans", "a.lan", "--pod-subnet", "10.1.0.0/16",
        "--with-kubespan", "--no-with-cluster-discovery", "--allow-scheduling-on-control-planes",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    first, *others = yaml.load_all((tmp_path / "controlplane.yaml").read_text())
    assert first["cluster"]["network"]["cni"] == {"name": "none"}
    assert first["cluster"]["network"]["podSubnets"] == ["10.1.0.0/16"]
    assert first["cluster"]["allowSchedulingOnControlPlanes"] is True
    assert first["machine"]["network"] == {"kubespan": {"enabled": True}}
    assert first["machine"]["certSANs"] == ["a.lan"]
    assert others[0]["endpoints"] == [{"url": "https://a"}, {"url": "https://b"}]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--contract", "v1.8"], 1, "configs for: v1.9 to v1.14"),
        (["--contract", "v1.12", "--kubernetes", "1.36.0"], 1, "runs Kubernetes 1.30 to 1.35"),
        (["--secrets", "/nonexistent"], 5, "there is no /nonexistent"),
        (["--registry-mirror", "ghcr.io"], 2, "write host=URL"),
        (["--cni", "calico"], 1, "the CNI is one of"),
    ],
)
def test_gen_refuses_with_one_line_and_the_documented_code(
    bundle_file, tmp_path, arguments, code, says
):
    given = [] if "--secrets" in arguments else ["--secrets", bundle_file]
    done = run("gen", *HOME, *given, "--out", tmp_path / "out", *arguments)
    assert done.exit_code == code
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_gen_takes_a_kubernetes_out_of_range_when_asked_to(bundle_file, tmp_path):
    arguments = ["--contract", "v1.12", "--kubernetes", "1.28.0", "--any-kubernetes"]
    done = run("gen", *HOME, "--secrets", bundle_file, "--out", tmp_path, *arguments)
    assert done.exit_code == 0
    assert "kube-apiserver:v1.28.0" in (tmp_path / "controlplane.yaml").read_text()


def test_gen_makes_and_keeps_fresh_secrets_when_none_are_given(tmp_path):
    assert run("gen", *HOME, "--out", tmp_path).exit_code == 0
    made = secrets.load((tmp_path / "secrets.yaml").read_text())
    assert made.trustd_token in (tmp_path / "worker.yaml").read_text()
    assert secrets.load(run("secrets", "import", tmp_path / "controlplane.yaml").stdout) == made


def test_secrets_are_made_and_printed():
    made = secrets.load(run("secrets", "new", "--contract", "v1.14").stdout)
    assert made.service_account_key.startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_secrets_are_imported_from_a_bundle_a_config_and_a_pki_folder(
    bundle_file, quick_bundle, tmp_path
):
    assert run("gen", *HOME, "--secrets", bundle_file, "--out", tmp_path).exit_code == 0
    for source in (bundle_file, tmp_path / "controlplane.yaml"):
        done = run("secrets", "import", source)
        assert secrets.load(done.stdout) == quick_bundle
    done = run("secrets", "import", "-", given=bundle_file.read_text())
    assert secrets.load(done.stdout) == quick_bundle
    pki = tmp_path / "pki"
    (pki / "etcd").mkdir(parents=True)
    for name, pair in (("ca", "k8s"), ("etcd/ca", "etcd"), ("front-proxy-ca", "k8saggregator")):
        (pki / f"{name}.crt").write_text(getattr(quick_bundle, pair).crt)
        (pki / f"{name}.key").write_text(getattr(quick_bundle, pair).key)
    (pki / "sa.key").write_text(quick_bundle.service_account_key)
    out = tmp_path / "taken.yaml"
    token = "abcdef.0123456789abcdef"
    assert run("secrets", "import", pki, "--bootstrap-token", token, "--out", out).exit_code == 0
    taken = secrets.load(out.read_text())
    assert (taken.k8s, taken.bootstrap_token) == (quick_bundle.k8s, token)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_an_import_that_lacks_something_says_what(tmp_path):
    (tmp_path / "worker.yaml").write_text("machine: {type: worker}\n")
    done = run("secrets", "import", tmp_path / "worker.yaml")
    assert (done.exit_code, "give a control plane's" in done.stderr) == (1, True)
    done = run("secrets", "import", tmp_path)
    assert (done.exit_code, "lacks ca.crt" in done.stderr) == (5, True)


def test_secrets_are_exported_in_every_form(bundle_file):
    same = run("secrets", "export", bundle_file)
    assert same.stdout == bundle_file.read_text()
    config = run(
        "secrets", "export", bundle_file, "--as", "talosconfig", "--cluster", "home",
        "--role", "os:reader", "--hours", "1", "--node", "192.0.2.11",
    )  # fmt: skip
    context = yaml.load(config.stdout)["contexts"]["home"]
    assert context["endpoints"] == ["192.0.2.11"]
    crt = base64.b64decode(context["crt"]).decode()
    assert certificate(crt)["Subject"] == "O = os:reader"
    openssl("x509", "-noout", "-checkend", "3500", given=crt)
    admin = run("secrets", "export", bundle_file, "--as", "kubeconfig", *HOME)
    assert yaml.load(admin.stdout)["current-context"] == "admin@home"


def test_an_export_says_what_it_still_needs(bundle_file):
    done = run("secrets", "export", bundle_file, "--as", "talosconfig")
    assert (done.exit_code, "give --cluster" in done.stderr) == (2, True)
    done = run("secrets", "export", bundle_file, "--as", "kubeconfig", "--cluster", "home")
    assert (done.exit_code, "give --endpoint" in done.stderr) == (2, True)


def test_a_schematics_id_and_canonical_text_are_printed(tmp_path):
    file = tmp_path / "schematic.yaml"
    file.write_text("customization: {extraKernelArgs: [noapic, nolapic]}\n")
    expected = "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c\n"
    assert run("schematic", file).stdout == expected
    assert run("schematic", "-", given=file.read_text()).stdout == expected
    assert run("schematic", file, "--yaml").stdout == (
        "customization:\n    extraKernelArgs:\n        - noapic\n        - nolapic\n"
    )
    done = run("schematic", "-", given="customisation: {}")
    assert (done.exit_code, "no such field" in done.stderr) == (1, True)
    done = run("schematic", "-", given="a: [")
    assert (done.exit_code, "ktizo: line " in done.stderr) == (1, True)
