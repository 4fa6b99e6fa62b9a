"""The two that are compared: `ktizo serve` in its default shape, and nginx with the same bytes."""

import grp
import os
import pwd
import shutil
import sys
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path

from bench.fleet import BIG, PROFILE, Machine
from bench.process import NotRunning, Server, free_port
from bench.wire import HOST, WrongAnswer

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NGINX = """\
daemon off;
user {user} {group};
worker_processes 1;
pid {root}/nginx.pid;
error_log {root}/nginx-error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        root {root}/www;
        location = /boot/menu.ipxe {{
            default_type "text/plain; charset=utf-8";
            try_files /scripts/$arg_mac =404;
        }}
        location /boot/assets/ {{ default_type application/octet-stream; }}
    }}
}}
"""


def ktizo(folder: Path, data_dir: Path, **settings: str) -> Server:
    """Start `ktizo serve`, with limits that a load from one address does not reach."""
    port = free_port()
    program = Path(sys.executable).with_name("ktizo")
    if not program.exists():
        raise NotRunning("there is no ktizo beside this Python; run `make setup`")
    env = {
        "PATH": PATH,
        "KTIZO_HOST": "127.0.0.1",
        "KTIZO_PORT": str(port),
        "KTIZO_DATA_DIR": str(data_dir),
        "KTIZO_COMPILED_DIR": str(folder / "compiled"),
        "KTIZO_EVENT_SINK_PORT": "0",
        "KTIZO_KERNEL_LOG_PORT": "0",
        "KTIZO_NODE_PORT": "0",
        "KTIZO_MACHINE_RATE_LIMIT": "999999999/second",
        "KTIZO_BOOT_LOOP_LIMIT": "100",
        **settings,
    }
    return Server("ktizo", [str(program), "serve"], port, folder / "ktizo.log", env, puts_off=True)


def nginx_program() -> str | None:
    return shutil.which("nginx", path=PATH)


def nginx(folder: Path) -> Server:
    """Start nginx with what lies in `folder`/www: one worker, sendfile, as the current user."""
    program = nginx_program()
    if program is None:
        raise NotRunning("nginx is missing: apt-get install nginx-light")
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        NGINX.format(
            root=folder,
            port=port,
            user=pwd.getpwuid(os.getuid()).pw_name,
            group=grp.getgrgid(os.getgid()).gr_name,
        )
    )
    command = [program, "-c", str(config), "-e", str(folder / "nginx-error.log")]
    return Server("nginx", command, port, folder / "nginx.log", {"PATH": PATH}, puts_off=False)


def fetch(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (lower case) and body of one request."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body
    finally:
        connection.close()


def scripts(port: int, machines: Sequence[Machine]) -> list[bytes]:
    """Return the boot script of every machine, asked one after the other."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    found = []
    try:
        for machine in machines:
            connection.request("GET", machine.question, headers={"Host": HOST})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or not body.startswith(b"#!ipxe"):
                raise WrongAnswer(f"{machine.question}: {answer.status} {body[:200]!r}")
            found.append(body)
    finally:
        connection.close()
    return found


def publish(folder: Path, data_dir: Path, machines: list[Machine], bodies: list[bytes]) -> None:
    """Write what nginx serves: each machine's script by its MAC, and the very same large file."""
    place = folder / "www" / "scripts"
    place.mkdir(parents=True)
    for machine, body in zip(machines, bodies, strict=True):
        (place / machine.file_name).write_bytes(body)
    assets = folder / "www" / "boot" / "assets" / PROFILE
    assets.mkdir(parents=True)
    blobs = (data_dir / "assets" / "sha256").glob("??/*")
    largest = max(blobs, key=lambda path: path.stat().st_size)
    (assets / BIG).symlink_to(largest)
