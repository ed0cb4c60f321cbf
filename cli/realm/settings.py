"""Where the realm lives and the values `deploy/keycloak` leaves open."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class RealmSettings(BaseSettings):
    """Parameters of the realm, from variables prefixed REALM_.

    `keycloak_url` is the address the tools use (the administration interface is internal); `gateway_url` is the public
    origin of the gateway, without a path; `gateway_internal_url` is where Keycloak itself reaches it for back-channel
    logout and is the public one unless set.
    """

    model_config = SettingsConfigDict(env_prefix="REALM_", extra="ignore")

    keycloak_url: str = "http://localhost:8010"
    admin_client: str = "operator"
    admin_secret: SecretStr
    name: str = "coalition"
    gateway_url: str = "http://localhost:8000"
    gateway_internal_url: str = ""
    gateway_secret: SecretStr
    membership_secret: SecretStr
    notifications_secret: SecretStr
    smtp_host: str = "localhost"
    smtp_port: int = Field(default=8015, ge=1, le=65535)
    smtp_from: str = "ne-pas-repondre@coalition.example"
    smtp_starttls: bool = False
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")

    def parameters(self) -> dict[str, str]:
        """Return every `$name` that may stand in deploy/keycloak, with its value."""
        return {
            "gateway_url": self.gateway_url.rstrip("/"),
            "gateway_internal_url": (self.gateway_internal_url or self.gateway_url).rstrip("/"),
            "gateway_secret": self.gateway_secret.get_secret_value(),
            "membership_secret": self.membership_secret.get_secret_value(),
            "notifications_secret": self.notifications_secret.get_secret_value(),
            "smtp_host": self.smtp_host,
            "smtp_port": str(self.smtp_port),
            "smtp_from": self.smtp_from,
            "smtp_starttls": str(self.smtp_starttls).lower(),
            "smtp_auth": str(bool(self.smtp_user)).lower(),
            "smtp_user": self.smtp_user,
            "smtp_password": self.smtp_password.get_secret_value(),
        }
