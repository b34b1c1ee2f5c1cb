"""What the settings of all commands have in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from engine.config.values import ENV_PREFIX


class Settings(BaseSettings):
    """Values only: building one reads neither the environment nor a file; `read_settings` does.

    `table` is the TOML file's table, the command's name. Of the fields in `alternatives`, at most one may be
    set, and one has to be if `needs_one`; a source that sets one of them silences the others in the sources
    below it. `also_in_table` names the keys of the table that other actions of the same command read: they
    are neither read nor refused.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)
    table: ClassVar[str]
    alternatives: ClassVar[tuple[str, ...]] = ()
    needs_one: ClassVar[bool] = False
    also_in_table: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (pydantic-settings names these parameters)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (as above)
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (as above)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (as above)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)
