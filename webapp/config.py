"""Every setting, read once: from the environment, then `.env`, then what development can make for itself.

A missing or malformed setting stops the start with one message that names them all.
"""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.fernet import Fernet
from flask import current_app
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

TELEGRAM = "https://api.telegram.org"
SIMULATED_BOT = "8000000001:AASimulatorTokenForDevelopmentOnly000"


class BadSettings(SystemExit):
    """The settings cannot be used; its text names every one that is wrong, a line each."""


class Settings(BaseSettings):
    """What an operator may set. Names in the environment are the field names in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    vitrina_env: Literal["development", "test", "production"] = "development"
    vitrina_home: Path = Path("instance")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    web_workers: int = Field(2, ge=1)
    web_threads: int = Field(2, ge=1)

    telegram_bot_token: SecretStr | None = None
    telegram_api_url: str = TELEGRAM
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_secret: SecretStr | None = None
    telegram_rate: float = Field(29.9, ge=0, description="messages a second; 0 = no limit of our own")
    telegram_oidc_client_id: str = ""
    telegram_oidc_client_secret: SecretStr | None = None
    telegram_oidc_issuer: str = "https://oauth.telegram.org"
    public_url: str = ""

    database_url: str = ""
    redis_url: str = ""
    jobs_url: str = ""

    secret_key: Annotated[list[SecretStr], NoDecode] = []
    data_key: Annotated[list[SecretStr], NoDecode] = []
    admin_user_ids: Annotated[frozenset[int], NoDecode] = frozenset()
    trusted_proxies: int = Field(0, ge=0, le=10, description="how many proxies in front set X-Forwarded-*")
    frame_ancestors: str = ""
    miniapp_script: str = "https://telegram.org/js/telegram-web-app.js?63"
    metrics_token: SecretStr | None = None
    sqlite_synchronous: Literal["NORMAL", "FULL"] = "NORMAL"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("secret_key", "data_key", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        """Keys are comma-separated, newest first; the older ones still open what they closed."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("admin_user_ids", mode="before")
    @classmethod
    def _split_ids(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("data_key")
    @classmethod
    def _usable_data_key(cls, keys: list[SecretStr]) -> list[SecretStr]:
        for key in keys:
            Fernet(key.get_secret_value())
        return keys

    @field_validator("telegram_api_url", "telegram_oidc_issuer", "public_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("telegram_bot_token")
    @classmethod
    def _token_shape(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        number, _, rest = value.get_secret_value().partition(":")
        if not number.isdigit() or len(rest) < 20:
            raise ValueError("does not look like a token of BotFather (123456:ABC…)")
        return value

    @model_validator(mode="after")
    def _production_is_explicit(self) -> "Settings":
        if self.vitrina_env != "production":
            return self
        wanted = {
            "telegram_bot_token": "token of BotFather",
            "public_url": "https address",
            "secret_key": "random text",
        }
        missing = [f"{name.upper()} ({what})" for name, what in wanted.items() if not getattr(self, name)]
        if not self.data_key:
            missing.append("DATA_KEY (a Fernet key)")
        if missing:
            raise ValueError("required in production: " + ", ".join(missing))
        if not self.public_url.startswith("https://"):
            raise ValueError("PUBLIC_URL must be https in production")
        return self

    @model_validator(mode="after")
    def _webhook_has_secret(self) -> "Settings":
        if self.telegram_mode == "webhook" and not self.telegram_webhook_secret:
            raise ValueError("TELEGRAM_WEBHOOK_SECRET is required when TELEGRAM_MODE=webhook")
        return self

    @model_validator(mode="after")
    def _openid_is_whole(self) -> "Settings":
        if bool(self.telegram_oidc_client_id) != bool(self.telegram_oidc_client_secret):
            raise ValueError("TELEGRAM_OIDC_CLIENT_ID and TELEGRAM_OIDC_CLIENT_SECRET go together")
        if self.telegram_oidc_client_secret and not self.telegram_oidc_client_secret.get_secret_value().isascii():
            raise ValueError("TELEGRAM_OIDC_CLIENT_SECRET does not look like one of BotFather")
        if self.production and not self.telegram_oidc_issuer.startswith("https://"):
            raise ValueError("TELEGRAM_OIDC_ISSUER must be https in production")
        return self

    @property
    def by_openid(self) -> bool:
        """Whether staff may enter with Telegram from any browser."""
        return bool(self.telegram_oidc_client_id and self.telegram_oidc_client_secret and self.telegram_oidc_issuer)

    @property
    def production(self) -> bool:
        return self.vitrina_env == "production"

    @property
    def home(self) -> Path:
        """The folder that keeps state; made when absent, for its owner alone: it holds personal data."""
        path = self.vitrina_home.resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    @property
    def database(self) -> str:
        """SQLAlchemy URL; PostgreSQL always through psycopg 3."""
        url = self.database_url or f"sqlite:///{self.home / 'vitrina.db'}"
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        return url

    @property
    def public(self) -> str:
        """Where people reach the web door."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def bot_token(self) -> str:
        """The token in force; without one it is the simulator's, outside production."""
        return self.telegram_bot_token.get_secret_value() if self.telegram_bot_token else SIMULATED_BOT

    @property
    def simulated(self) -> bool:
        """Whether Telegram is the simulator's, as `flask up` has it without a token."""
        return not self.production and self.bot_token == SIMULATED_BOT

    @property
    def simulator(self) -> str:
        """Where the simulator's page is, which opens links to Telegram; empty where there is none."""
        there = self.simulated and self.telegram_api_url != TELEGRAM
        return self.telegram_api_url if there else ""

    @property
    def bot_id(self) -> int:
        """Telegram's id of the bot: what stands before the colon of its token; 0 for a token of another shape."""
        number = self.bot_token.partition(":")[0]
        return int(number) if number.isdecimal() else 0

    @cached_property
    def secret_keys(self) -> list[str]:
        """Signing keys, newest first."""
        return [key.get_secret_value() for key in self.secret_key] or [
            self._kept("secret.key", secrets.token_urlsafe(48))
        ]

    @cached_property
    def data_keys(self) -> list[str]:
        """Fernet keys, newest first."""
        return [key.get_secret_value() for key in self.data_key] or [
            self._kept("data.key", Fernet.generate_key().decode())
        ]

    def _kept(self, name: str, fresh: str) -> str:
        """A key made once and kept in the home folder, readable by its owner alone."""
        path = self.home / name
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(handle, "w") as file:
            file.write(fresh)
        return fresh


def read_settings(**overrides: Any) -> Settings:
    """Settings from environment and `.env`; `overrides` win.

    Raises BadSettings naming every setting that is missing or malformed, one line each.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise BadSettings(_all_faults(error)) from None


def _all_faults(error: ValidationError) -> str:
    lines = ["Vitrina cannot start; these settings need a look:"]
    for fault in error.errors():
        name = ".".join(str(part) for part in fault["loc"]).upper() or "settings"
        lines.append(f"  {name}: {fault['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def settings() -> Settings:
    """The settings of the app in force."""
    found: Settings = current_app.extensions["settings"]
    return found
