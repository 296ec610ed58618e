"""One frozen set of settings, read from the environment (`TONGBAN_…`)."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Without `database_url` an embedded PostgreSQL lives under `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="TONGBAN_", frozen=True)

    database_url: str | None = None
    """`postgresql://user:password@host:port/name` of a PostgreSQL 15 or later."""
    data_dir: Path = Path("var")
    """Where the embedded database and other local state live."""
    host: str = "127.0.0.1"
    port: int = 8000
    pool_size: int = 10
    """Database connections of one server process."""
