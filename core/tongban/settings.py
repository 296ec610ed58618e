"""One frozen set of settings, read from the environment (`TONGBAN_…`)."""

import base64
from pathlib import Path
from typing import Annotated

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Without `database_url` an embedded PostgreSQL lives under `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="TONGBAN_", frozen=True)

    database_url: str | None = None
    """`postgresql://user:password@host:port/name` of a PostgreSQL 15 or later."""
    data_dir: Path = Path("var")
    """Where the embedded database and other local state live."""
    city_data: Path | None = None
    """Folder with the city's data files; the city that this version ships where left out."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0: any that is free."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Server processes on one database."""
    pool_size: Annotated[int, Field(ge=1)] = 10
    """Database connections of one server process."""
    signing_key: Path | None = None
    """File with the private key (PEM) that signs editions; made under `data_dir` where left out."""
    webhook_url: AnyHttpUrl | None = None
    """Where notices to residents are posted."""
    webhook_secret: Annotated[SecretStr | None, Field(validate_default=True)] = None
    """Signs them: `whsec_` and the base64 of 24 to 64 bytes."""
    broker_url: Annotated[str | None, Field(pattern=r"^(nats|tls)://.")] = None
    """`nats://host:port` of a server with JetStream, to which case events are published."""

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is None:
            if info.data.get("webhook_url") is not None:
                raise PydanticCustomError("secret", "is needed with TONGBAN_WEBHOOK_URL")
            return None
        try:
            key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
        except ValueError:  # no base64, or no ASCII
            key = b""
        if not 24 <= len(key) <= 64:
            raise PydanticCustomError("secret", "shall be whsec_ and the base64 of 24 to 64 bytes")
        return secret

    @property
    def webhook(self) -> tuple[str, str] | None:
        """URL and secret of the webhook, where one is set."""
        if self.webhook_url is None or self.webhook_secret is None:
            return None
        return str(self.webhook_url), self.webhook_secret.get_secret_value()

    object_store: str | None = None
    """`s3://bucket/prefix` of a store that speaks S3; a folder under `data_dir` where left out."""
    scan_command: str | None = None
    """Command that looks at each file before it is stored; ends with 0 where it is clean, with 1 where it is not."""
    link_secret: Path | None = None
    """File with the secret of links to documents; made under `data_dir` where left out."""

    @property
    def link_secret_file(self) -> Path:
        return self.link_secret or self.data_dir / "link-secret"

    @property
    def signing_key_file(self) -> Path:
        return self.signing_key or self.data_dir / "signing-key.pem"
