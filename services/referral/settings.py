"""What the referral service is told by its environment (`REFERRAL_...`)."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class ReferralSettings(ServiceSettings):
    """Where keys lie: a database of their own, on a replica set of its own where `keys_mongodb_url` names one.

    `kms_file` is the development KMS, 96 random bytes that open every organisation key; it is made at first use.
    """

    model_config = SettingsConfigDict(env_prefix="REFERRAL_", extra="ignore")

    mongodb_database: str = "referral"
    keys_mongodb_url: SecretStr | None = None
    keys_mongodb_database: str = "referral_keys"
    kms_file: Path

    @property
    def keys_url(self) -> str:
        """Return where the keys are."""
        return (self.keys_mongodb_url or self.mongodb_url).get_secret_value()
