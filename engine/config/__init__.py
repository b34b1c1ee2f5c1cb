"""Settings of the command line. A flag wins over a CARTOGRAPH_* variable, that over the TOML file, that over
the default. Nothing is read from the environment until `read_settings` is called.
"""

from engine.config.base import Settings
from engine.config.others import (
    BackupSettings,
    CheckSettings,
    DoctorSettings,
    KeySettings,
    RestoreSettings,
    SearchSettings,
)
from engine.config.serve import ServeSettings
from engine.config.values import ENV_PREFIX, Device, Names

__all__ = [
    "ENV_PREFIX",
    "BackupSettings",
    "CheckSettings",
    "Device",
    "DoctorSettings",
    "KeySettings",
    "Names",
    "RestoreSettings",
    "SearchSettings",
    "ServeSettings",
    "Settings",
]
