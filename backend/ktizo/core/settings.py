"""What an operator can set from outside: `KTIZO_*` variables, documented in docs/settings.md."""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = IPv4Network | IPv6Network

# Private, link-local and loopback: a boot server is for a LAN until its operator says otherwise.
LAN_CIDRS = (
    "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,127.0.0.0/8,::1/128,fc00::/7,fe80::/10"
)
BASE_URL = r"^https?://[A-Za-z0-9.\-\[\]:]{1,255}$"
PATH_URL = BASE_URL[:-1] + r"(/[A-Za-z0-9._~/-]{0,255})?$"


class UnknownPolicy(StrEnum):
    """What a machine nobody has approved sees. No member leads to an installer."""

    LOCAL_DISK = "local_disk"
    HOLD = "hold"
    MENU = "menu"


def _cidrs(value: object) -> object:
    if isinstance(value, str):
        return [ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip()]
    return value


class Settings(BaseSettings):
    """Read once at start. Unknown `KTIZO_*` names are left alone; wrong values stop the start."""

    model_config = SettingsConfigDict(env_prefix="KTIZO_", frozen=True, extra="ignore")

    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - a LAN appliance
    port: int = Field(8000, ge=1, le=65535, description="TCP port to listen on.")
    data_dir: Path = Field(Path("data"), description="State: database, keys, assets.")
    compiled_dir: Path = Field(
        Path("compiled"), description="Files written for other programs: dnsmasq, TFTP."
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL, as postgresql://user:password@host/name. Default: SQLite in data.",
    )
    base_url: str | None = Field(
        None,
        pattern=BASE_URL,
        description="How machines reach Ktizo, as http://host:port. Default: the address "
        "the machine itself asked.",
    )
    public_url: str | None = Field(
        None,
        pattern=BASE_URL,
        description="How rented machines reach Ktizo over the internet, as http://host:port. "
        "Default: none, and no server is ordered.",
    )
    server: Literal["granian", "uvicorn"] = Field("granian", description="HTTP server to run.")
    log_format: Literal["text", "json"] = Field("text", description="Shape of the log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    sealing_key: SecretStr | None = Field(
        None,
        description="Key for secrets at rest, 32 bytes in base64. Default: the file "
        "data/sealing.key, made at first start with mode 0600.",
    )
    sealing_keys_old: SecretStr | None = Field(
        None, description="Earlier sealing keys, comma-separated, still able to open."
    )
    machine_cidrs: Annotated[list[Network], NoDecode] = Field(
        default_factory=lambda: [ip_network(c) for c in LAN_CIDRS.split(",")],
        description="Networks whose machines may use /boot; comma-separated.",
    )
    machine_rate_limit: str = Field(
        "600/minute",
        pattern=r"^[1-9]\d{0,8}/(second|minute|hour)$",
        description="Requests to /boot allowed per client address.",
    )
    trusted_proxies: Annotated[list[Network], NoDecode] = Field(
        default_factory=list,
        description="Reverse proxies whose X-Forwarded-For is believed; comma-separated.",
    )
    unknown_machines: UnknownPolicy = Field(
        UnknownPolicy.LOCAL_DISK,
        description="What an unapproved machine sees: local_disk, hold (pairing code on its "
        "screen until approved) or menu. None of them can install.",
    )
    lease_minutes: int = Field(
        240, ge=5, le=43200, description="How long an approval may install, in minutes."
    )
    boot_loop_limit: int = Field(
        5, ge=2, le=100, description="Network boots without progress before a machine is held."
    )
    max_pending: int = Field(
        10_000, ge=1, le=1_000_000, description="Unapproved machines remembered at most."
    )
    max_asset_gib: int = Field(8, ge=1, le=1024, description="Largest boot asset, in GiB.")
    inspection_minutes: int = Field(
        60, ge=5, le=1440, description="How long a machine may boot to be inspected, in minutes."
    )
    event_sink_port: int = Field(
        8081, ge=0, le=65535, description="TCP port nodes send their events to (gRPC); 0: none."
    )
    kernel_log_port: int = Field(
        8082, ge=0, le=65535, description="TCP and UDP port for nodes' kernel logs; 0: none."
    )
    node_port: int = Field(
        50000, ge=0, le=65535, description="TCP port of nodes' Talos API; 0: nodes are not asked."
    )
    events_kept: int = Field(
        500_000, ge=1000, description="Timeline events kept; the oldest go first."
    )
    loaders_dir: Path = Field(
        Path("/usr/lib/ipxe"), description="Folder with undionly.kpxe, ipxe.efi, ipxe-arm64.efi."
    )
    frontend_dir: Path | None = Field(
        None,
        description="Folder of the built dashboard. Default: frontend/dist, where `make setup` "
        "builds it.",
    )
    factory_url: str = Field(
        "https://factory.talos.dev",
        pattern=PATH_URL,
        description="Image Factory that builds Talos' boot images.",
    )
    factory_token: SecretStr | None = Field(
        None,
        description="For a private Image Factory: a token, or user:password. Only ever sent to it.",
    )
    releases_url: str = Field(
        "https://github.com/siderolabs/talos/releases/download",
        pattern=PATH_URL,
        description="Where the files of Talos' own releases are, as URL/v1.12.11/vmlinuz-amd64.",
    )
    url: str | None = Field(
        None, pattern=BASE_URL, description="For the CLI: where Ktizo is. Default: this box."
    )
    token: SecretStr | None = Field(
        None, description="For the CLI: an API token. Default: the file data/cli.token."
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=PATH_URL,
        description="OpenID Connect provider people may sign in with: its issuer. Default: none.",
    )
    oidc_client_id: str | None = Field(
        None, min_length=1, description="What the OpenID Connect provider calls this Ktizo."
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="Shared with the provider. Default: none, a public client with PKCE."
    )
    oidc_name: str = Field(
        "single sign-on", min_length=1, max_length=40, description="What the button says."
    )
    oidc_role_claim: str = Field(
        "groups",
        min_length=1,
        description="Claim of the ID token that decides the role; dots lead inwards, as in "
        "realm_access.roles.",
    )
    oidc_role_admin: str | None = Field(
        None, description="Values of that claim that make an admin; comma-separated."
    )
    oidc_role_operator: str | None = Field(
        None, description="Values of that claim that make an operator; comma-separated."
    )
    oidc_role_viewer: str | None = Field(
        None, description="Values of that claim that make a viewer; comma-separated."
    )
    oidc_default_role: Literal["viewer", "none"] = Field(
        "viewer", description="Role of who has none of those values; none refuses the sign-in."
    )
    dnsmasq_path: str = Field("dnsmasq", description="The dnsmasq program.")

    _split = field_validator("machine_cidrs", "trusted_proxies", mode="before")(_cidrs)

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        scheme = value.get_secret_value().partition("://")[0] if value else "postgresql"
        if scheme.partition("+")[0] not in {"postgresql", "postgres"}:
            raise ValueError("write postgresql://user:password@host/name; unset it for SQLite")
        return value

    @model_validator(mode="after")
    def _whole_oidc(self) -> Self:
        if self.oidc_issuer is not None and self.oidc_client_id is None:
            raise ValueError("KTIZO_OIDC_ISSUER needs KTIZO_OIDC_CLIENT_ID too")
        return self

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        # Children (dnsmasq) run with another working folder, so paths are made absolute once.
        for name in ("data_dir", "compiled_dir", "loaders_dir"):
            object.__setattr__(self, name, Path(getattr(self, name)).absolute())
        return self
