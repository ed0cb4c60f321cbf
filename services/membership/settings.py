"""What the membership service is told by its environment (`MEMBERSHIP_...`)."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class MembershipSettings(ServiceSettings):
    """Where accounts are provisioned, where letters go, and the key that makes invitation codes.

    `public_url` is the system's own door, the only link a letter holds. `access_database` is where the gateway reads
    whose access is taken away. Whoever has `invitation_key` and the database can make the code of an open invitation.
    """

    model_config = SettingsConfigDict(env_prefix="MEMBERSHIP_", extra="ignore")

    access_database: str = "access"
    invitation_key: SecretStr = Field(min_length=32)
    keycloak_url: str
    keycloak_realm: str = "coalition"
    keycloak_client: str = "membership"
    keycloak_secret: SecretStr
    smtp_host: str
    smtp_port: int = Field(ge=1, le=65535)
    smtp_starttls: bool = False
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = "ne-pas-repondre@coalition.example"
    public_url: str
