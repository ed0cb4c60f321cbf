"""What the gateway is told by its environment."""

import base64
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

KEY_BYTES = 32


class GatewaySettings(BaseSettings):
    """Environment variables prefixed `GATEWAY_`; maps and lists are JSON.

    `public_url` and `issuer` are the addresses browsers see; `keycloak_internal_url` is where the gateway itself
    calls Keycloak. `session_keys` are 32 bytes each in base64, comma-separated: the first seals, all open.
    """

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = "127.0.0.1"
    port: int
    metrics_port: int | None = None
    log_level: str = "INFO"

    mongodb_url: SecretStr
    mongodb_database: str = "gateway"
    access_database: str = "access"

    public_url: str
    issuer: str
    keycloak_internal_url: str
    client_id: str = "gateway"
    client_secret: SecretStr
    audience: str = "coalition-api"
    session_keys: SecretStr

    upstreams: dict[str, str]
    contracts: Path
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(default_factory=list)

    @field_validator("public_url", "issuer", "keycloak_internal_url")
    @classmethod
    def _without_final_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("session_keys")
    @classmethod
    def _whole_keys(cls, keys: SecretStr) -> SecretStr:
        if not all(len(key) == KEY_BYTES for key in _decoded(keys)):
            raise ValueError("each key is 32 bytes in base64")
        return keys

    @property
    def keys(self) -> list[bytes]:
        """The session keys; the first seals, all open."""
        return _decoded(self.session_keys)

    @property
    def realm_url(self) -> str:
        """The realm's base address inside: the issuer's path on Keycloak's internal address."""
        return self.keycloak_internal_url + urlsplit(self.issuer).path

    @property
    def jwks_url(self) -> str:
        """Where the realm's public keys are, inside."""
        return f"{self.realm_url}/protocol/openid-connect/certs"


def _decoded(keys: SecretStr) -> list[bytes]:
    return [base64.b64decode(key) for key in keys.get_secret_value().split(",")]
