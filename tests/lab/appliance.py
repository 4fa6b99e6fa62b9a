"""Ktizo itself, started as an operator would start it, in the namespace "appliance"."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from .child import Child, wait_until
from .net import ADDRESSES, NETMASK, SUBNET, LabError, Lan
from .supplies import KTIZO, LOADERS

PORT = 8000
ADDRESS = ADDRESSES["appliance"]


class Appliance:
    """One Ktizo with a data folder of its own; it can be killed and started again."""

    def __init__(self, lan: Lan, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """Prepare; `settings` are KTIZO_* variables, without the prefix."""
        self.data, self.compiled = folder / "data", folder / "compiled"
        self.base_url = f"http://{ADDRESS}:{PORT}"
        self.consoles: list[Child] = []
        self._lan = lan
        chosen = {
            "PORT": str(PORT),
            "DATA_DIR": str(self.data),
            "COMPILED_DIR": str(self.compiled),
            "LOADERS_DIR": str(LOADERS),
            "LOG_LEVEL": "debug",
            **(settings or {}),
        }
        # What the operator's shell has, without settings for a Ktizo of their own.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("KTIZO_")}  # noqa: TID251
        self._environment = inherited | {f"KTIZO_{k}": v for k, v in chosen.items()}
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=20, trust_env=False)

    @property
    def console(self) -> Child:
        """What the latest start printed; dnsmasq's log included when Ktizo passes it on."""
        return self.consoles[-1]

    def close(self) -> None:
        """Stop for good."""
        self._http.close()
        if self.consoles:
            self.console.stop()

    def start(self) -> None:
        """Start `ktizo serve` and wait for its health."""
        argv = self._lan.command("appliance", KTIZO, "serve")
        self.consoles.append(Child("ktizo serve", argv, environment=self._environment))
        wait_until("Ktizo answers /api/v1/health", self._healthy, timeout_s=60)

    def kill(self) -> None:
        """End Ktizo as a power cut would: SIGKILL, no chance to clean up."""
        self.console.kill()

    def _healthy(self) -> bool:
        if not self.console.alive:
            raise LabError(f"ktizo serve ended\n{self.console.tail(60)}")
        try:
            return self.ask("GET", "/api/v1/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one HTTP request from the appliance's own namespace; options as in httpx."""
        return self._lan.call("appliance", lambda: self._http.request(method, path, **options))

    def ask_as_machine(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one HTTP request over the LAN, as a machine would; redirects are not followed."""

        def over_the_wire() -> httpx.Response:
            with httpx.Client(base_url=self.base_url, timeout=20, trust_env=False) as http:
                return http.request(method, path, **options)

        return self._lan.call("probe", over_the_wire)

    def api(self, method: str, path: str, body: object = None, **params: str) -> Any:
        """Call the JSON API with the administrator's token; fail on 4xx and 5xx."""
        answer = self.ask(
            method,
            f"/api/v1/{path}",
            json=body,
            params=params,
            headers={"Authorization": f"Bearer {self._token()}"},
        )
        if answer.is_error:
            raise LabError(f"{method} {path} {body}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def _token(self) -> str:
        text = (self.data / "cli.token").read_text().strip()
        return json.loads(text)["token"] if text.startswith("{") else text

    def upload(self, profile: str, name: str, content: bytes, sha256: str) -> None:
        """Give `profile` a file."""
        answer = self.ask(
            "PUT",
            f"/api/v1/boot/profiles/{profile}/assets/{name}",
            content=content,
            headers={"Authorization": f"Bearer {self._token()}", "X-Checksum-Sha256": sha256},
        )
        if answer.is_error:
            raise LabError(f"upload {name}: {answer.status_code} {answer.text}")

    def serve_lan(self, **special: object) -> None:
        """Turn the LAN service on: proxy-DHCP beside the router, or as `special` says."""
        wanted: dict[str, object] = {
            "enabled": True,
            "interface": "lan0",
            "server_address": ADDRESS,
            "mode": "proxy",
            "subnet": f"{SUBNET}/{NETMASK.count('255') * 8}",
            **special,
        }
        self.api("PUT", "network/lan", wanted)
        self.wait_for_lan(proxy=wanted["mode"] == "proxy")

    def wait_for_lan(self, *, proxy: bool = True) -> None:
        """Wait until dnsmasq listens: UDP 67 and 69, and 4011 for a proxy."""
        needed = {67, 69, 4011} if proxy else {67, 69}

        def listening() -> bool:
            sockets = self._lan.call("appliance", Path("/proc/thread-self/net/udp").read_text)
            ports = {int(line.split()[1].split(":")[1], 16) for line in sockets.splitlines()[1:]}
            return needed <= ports

        try:
            wait_until("dnsmasq serves the LAN", listening, timeout_s=20)
        except LabError as error:
            raise LabError(f"{error}\n{self.console.tail(60)}") from None
