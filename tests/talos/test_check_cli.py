"""`ktizo talos validate` and `ktizo talos patch`, run in this process."""

import stat

import pytest
import typer
from typer.testing import CliRunner

from ktizo.cli import talos_check

WORKER = """\
version: v1alpha1
machine:
    type: worker
    token: abcdef.0123456789abcdef
    ca:
        crt: MAA=
        key: ""
    certSANs: []
    install:
        disk: /dev/sda
        wipe: false
cluster:
    controlPlane:
        endpoint: https://192.0.2.10:6443
"""
HOSTNAME = "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: a\n"

app = typer.Typer()
app.command("validate")(talos_check.validate)
app.command("patch")(talos_check.patch)


def run(*arguments, given=""):
    return CliRunner().invoke(app, [str(one) for one in arguments], input=given)


@pytest.fixture
def worker(tmp_path):
    path = tmp_path / "worker.yaml"
    path.write_text(WORKER)
    return path


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(WORKER.replace("worker", "wroker") + "    etcd: {}\n")
    return path


def test_a_good_config_is_said_to_be_valid(worker):
    done = run("validate", "--talos-version", "v1.12.11", worker)
    assert done.exit_code == 0
    assert done.stdout == f"{worker}: valid for Talos v1.12 on metal\n"


def test_each_reason_stands_on_its_own_line_and_one_bad_file_fails_all(worker, broken):
    done = run("validate", "--talos-version", "v1.12", worker, broken)
    assert done.exit_code == 1
    first, *reasons = done.stdout.splitlines()
    assert first == f"{worker}: valid for Talos v1.12 on metal"
    assert len(reasons) == 2
    assert {one.split(": ")[2] for one in reasons} == {"machine.type", "cluster.etcd"}
    assert all(one.startswith(f"{broken}: v1alpha1.Config: ") for one in reasons)


def test_a_warning_is_said_and_does_not_fail(worker):
    worker.write_text(
        WORKER.replace("    install:", "    kubelet:\n        image: kubelet:v1.28.0\n    install:")
    )
    done = run("validate", "--talos-version", "v1.12", worker)
    assert done.exit_code == 0
    assert f"{worker}: warning: v1alpha1.Config: machine.kubelet.image: " in done.stdout


def test_standard_input_is_a_file_too():
    assert run("validate", "-", given=WORKER).stdout == "-: valid for Talos v1.13 on metal\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["validate", "nowhere.yaml"], 5, "there is no nowhere.yaml"),
        (["validate", "--talos-version", "v1.8", "-"], 1, "v1.9 to v1.14"),
        (["patch", "-", "nowhere.yaml"], 5, "there is no nowhere.yaml"),
        (["patch", "-", "@nowhere.yaml"], 5, "there is no nowhere.yaml"),
        (["patch", "-", "machine: {tpye: a}"], 1, "patch 1: v1alpha1.Config: machine.tpye: unkn"),
        (["patch", "-", "kind: [NextConfig]"], 1, "patch 1: "),
    ],
)
def test_what_cannot_be_done_is_one_line_and_the_documented_code(arguments, code, says):
    done = run(*arguments, given=WORKER)
    assert done.exit_code == code
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_patches_are_applied_in_order_from_files_and_from_the_command_line(worker, tmp_path):
    (tmp_path / "hostname.yaml").write_text(HOSTNAME)
    (tmp_path / "sans.yaml").write_text("machine: {certSANs: [b]}")
    done = run(
        "patch", "--talos-version", "v1.12", worker, "machine: {certSANs: [a]}",
        f"@{tmp_path / 'sans.yaml'}", tmp_path / "hostname.yaml",
        '{"machine": {"certSANs": ["c"]}}',
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    first, second = done.stdout.split("---\n")
    assert "certSANs:\n        - a\n        - b\n        - c\n" in first
    assert second == 'apiVersion: v1alpha1\nkind: HostnameConfig\nauto: "off"\nhostname: a\n'


def test_a_config_without_a_patch_that_changes_it_comes_out_as_it_went_in(worker):
    assert run("patch", worker, "machine: {}").stdout == WORKER


def test_the_result_is_written_privately_and_never_over_a_file_unless_told_to(worker, tmp_path):
    out = tmp_path / "out.yaml"
    assert run("patch", worker, "machine: {}", "--out", out).exit_code == 0
    assert out.read_text() == WORKER
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert run("patch", worker, "machine: {}", "--out", out).exit_code == 1
    assert run("patch", worker, "machine: {}", "--out", out, "--force").exit_code == 0


def test_a_kind_nobody_knows_is_refused_or_kept_with_a_note(worker):
    new = "{apiVersion: v1, kind: NextConfig, a: 0x10}"
    assert run("patch", worker, new).exit_code == 1
    done = run("patch", worker, new, "--keep-unknown-kinds")
    assert done.stdout.endswith("---\napiVersion: v1\nkind: NextConfig\na: 0x10\n")
    assert "NextConfig: this kind is not known to Ktizo" in done.stderr
    again = run("validate", "-", "--keep-unknown-kinds", given=done.stdout)
    assert again.exit_code == 0
    assert "warning: NextConfig: this kind is not known" in again.stdout
    assert run("validate", "-", given=done.stdout).exit_code == 1
