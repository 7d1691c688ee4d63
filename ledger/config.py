"""Settings: flags, then ``LOANBOOK_*`` variables and ``*_FILE`` secrets, then ``loanbook.toml``."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ledger.errors import ConfigError

PREFIX = "LOANBOOK_"
FILE_SUFFIX = "_FILE"
CONFIG_FILE = Path("loanbook.toml")


def _checksummed(value: str) -> str:
    if not is_hex_address(value) or not value.startswith("0x"):
        raise ValueError("expected an address: 0x and 40 hexadecimal digits")
    digits = value[2:]
    if digits not in {digits.lower(), digits.upper()} and not is_checksum_address(value):
        raise ValueError("the address's checksum is wrong: check each digit")
    return to_checksum_address(value)


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("expected http://HOST:PORT or https://HOST")
    return value


class Settings(BaseSettings):
    """Everything that can be set from outside.

    URLs may carry keys, so neither they nor secrets show when settings are printed.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", toml_file=CONFIG_FILE, frozen=True
    )

    rpc_url: Annotated[str, AfterValidator(_http_url)] | None = Field(None, repr=False)
    """JSON-RPC of the node; without it ``demo`` and ``serve`` run an embedded chain."""
    rpc_timeout: float = Field(30.0, gt=0, le=600)
    """Seconds for one attempt."""
    chain_id: int | None = Field(None, gt=0, lt=2**53)
    """The chain that the node has to be on."""
    finality: int | None = Field(None, ge=0, le=100_000)
    """Depth in blocks; without it development chains are final at once, and others at the
    node's ``finalized`` block."""
    database_url: str = Field("sqlite:///loanbook.db", min_length=1, repr=False)
    book: Annotated[str, AfterValidator(_checksummed)] | None = None
    """Address of the LoanBook contract; without it ``deployments`` says where it is."""
    deployments: Path = Path("deployments")
    """Folder of the deployment files."""
    keystore: Path | None = None
    """Encrypted key file of the sender."""
    keystore_password: SecretStr | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, the strongest first."""
        del dotenv_settings, file_secret_settings
        files = _SecretFiles(settings_cls)
        return init_settings, env_settings, files, TomlConfigSettingsSource(settings_cls)


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads ``LOANBOOK_NAME_FILE`` for every setting, so that no secret has to be in a variable."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the content of the file that a variable names."""
        del field
        variable = PREFIX + field_name.upper()
        path = os.environ.get(variable + FILE_SUFFIX)
        if not path:
            return None, field_name, False
        if os.environ.get(variable):
            raise ConfigError(variable, f"given together with {variable}{FILE_SUFFIX}: give one")
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise ConfigError(variable + FILE_SUFFIX, f"{path} cannot be read: {reason}") from None

    def __call__(self) -> dict[str, Any]:
        """Return every value that a file gives."""
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found


def load_settings(**flags: Any) -> Settings:
    """Return the settings; flags that are ``None`` were not given.

    Raises ``ConfigError`` naming the first setting that cannot be used and why, without its
    value, which may be a secret.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(CONFIG_FILE), f"is not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(str(CONFIG_FILE), f"cannot be read: {reason}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(Settings.model_fields))
            problem = f"there is no such setting; there are {known}"
        raise ConfigError(name, problem) from None
