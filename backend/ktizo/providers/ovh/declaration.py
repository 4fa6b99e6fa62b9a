"""What OVHcloud is: settings, capabilities, options of an order.

Sources, read 2026-11-21: OVHcloud's OpenAPI of
/dedicated/server (2025-10), terraform-provider-ovh order.go (2026-08-21), python-ovh 1.2.0.
"""

from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from ktizo.providers.base import Capability, Declaration, Settings

Endpoint = Literal[
    "ovh-eu", "ovh-ca", "ovh-us", "soyoustart-eu", "soyoustart-ca", "kimsufi-eu", "kimsufi-ca"
]
# python-ovh 1.2.0; an account lives at one of them and is unknown to the others.
ENDPOINTS: dict[str, str] = {
    "ovh-eu": "https://eu.api.ovh.com/1.0",
    "ovh-ca": "https://ca.api.ovh.com/1.0",
    "ovh-us": "https://api.us.ovhcloud.com/1.0",
    "soyoustart-eu": "https://eu.api.soyoustart.com/1.0",
    "soyoustart-ca": "https://ca.api.soyoustart.com/1.0",
    "kimsufi-eu": "https://eu.api.kimsufi.com/1.0",
    "kimsufi-ca": "https://ca.api.kimsufi.com/1.0",
}
TOKENS: dict[str, str] = {
    "ovh-eu": "https://www.ovh.com/auth/oauth2",
    "ovh-ca": "https://ca.ovh.com/auth/oauth2",
    "ovh-us": "https://us.ovhcloud.com/auth/oauth2",
}


class OvhSettings(Settings):
    """An account: three keys that sign each request, or an OAuth2 service account."""

    endpoint: Endpoint = Field("ovh-eu", description="Where the account lives")
    application_key: str = Field("", description="Application key")
    application_secret: SecretStr = Field(SecretStr(""), description="Application secret")
    consumer_key: SecretStr = Field(SecretStr(""), description="Consumer key")
    client_id: str = Field("", description="OAuth2 client id, instead of the three keys")
    client_secret: SecretStr = Field(SecretStr(""), description="OAuth2 client secret")
    subsidiary: str = Field(
        "", pattern="^[A-Z]{0,6}$", description="Such as FR or US; empty: the account's own"
    )

    @property
    def oauth2(self) -> bool:
        """Whether the service account is used; it wins where both are given."""
        return bool(self.client_id)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.oauth2:
            if not self.client_secret.get_secret_value():
                raise ValueError("a client id needs its client secret")
            if self.endpoint not in TOKENS:
                raise ValueError("OAuth2 works at ovh-eu, ovh-ca and ovh-us; use the three keys")
        elif not (
            self.application_key
            and self.application_secret.get_secret_value()
            and self.consumer_key.get_secret_value()
        ):
            raise ValueError(
                "give application key, application secret and consumer key, "
                "or client id and client secret"
            )
        if self.subsidiary == "US" and self.endpoint != "ovh-us":
            raise ValueError("subsidiary US is an account at the endpoint ovh-us")
        return self


class OvhOptions(BaseModel):
    """What may be chosen in an order; the rest is the cheapest of each mandatory family."""

    hardware: dict[str, str] = Field(
        default_factory=dict, description="Family to option, such as memory: ram-64g-ecc-24rise01"
    )
    area: str = Field("", description="OVHcloud's own region, such as europe; empty: by datacentre")
    operating_system: str = Field("none_64.en", description="What is installed before Talos")
    pay: bool = Field(True, description="Pay with the preferred payment method at once")
    waive_retraction: bool = Field(False, description="Give up the right to withdraw")


DECLARATION = Declaration(
    name="ovh",
    title="OVHcloud",
    url="https://www.ovhcloud.com/en/bare-metal/",
    capabilities=frozenset(
        {Capability.IPXE_REINSTALL, Capability.IPXE_PERSISTENT, Capability.DRY_RUN}
    ),
    settings=OvhSettings,
    environment={
        "OVH_ENDPOINT": "endpoint",
        "OVH_APP_KEY": "application_key",
        "OVH_APP_SECRET": "application_secret",
        "OVH_APPLICATION_KEY": "application_key",
        "OVH_APPLICATION_SECRET": "application_secret",
        "OVH_CONSUMER_KEY": "consumer_key",
        "OVH_CLIENT_ID": "client_id",
        "OVH_CLIENT_SECRET": "client_secret",
        "OVH_SUBSIDIARY": "subsidiary",
    },
    options=OvhOptions,
    notes=(
        "Nothing was checked against a live account.",
        "Billed by the month, ahead; delivery takes minutes to days.",
        "Delivered bare: reinstall it by iPXE afterwards, then set it back to its disk.",
        "Ending a server needs the token that OVHcloud mails to the admin contact.",
        "An order's tag stands on its cart until OVHcloud delivers.",
    ),
)
