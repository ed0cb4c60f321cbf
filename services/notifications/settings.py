"""What the notifications service is told by its environment (`NOTIFICATIONS_...`)."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """Where people's addresses are read, where mail goes, and which address its readers open.

    `public_url` is the system's own door, the only link a mail ever holds.
    """

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_", extra="ignore")

    keycloak_url: str
    keycloak_realm: str = "coalition"
    keycloak_client: str = "notifications"
    keycloak_secret: SecretStr
    smtp_host: str
    smtp_port: int = Field(ge=1, le=65535)
    smtp_starttls: bool = False
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = "ne-pas-repondre@coalition.example"
    public_url: str
