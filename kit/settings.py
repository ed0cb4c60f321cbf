"""What every service is told by its environment."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class ServiceSettings(BaseSettings):
    """The settings all services share; a service sets its own `env_prefix`."""

    host: str = "127.0.0.1"
    port: int
    mongodb_url: SecretStr
    mongodb_database: str
    nats_url: str
    nats_seed: SecretStr
    issuer: str
    jwks_url: str
    audience: str = "coalition-api"
    audit_key: SecretStr
    log_level: str = "INFO"
