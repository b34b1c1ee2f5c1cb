"""`python -m engine backup` and `python -m engine restore`."""

from __future__ import annotations

from functools import partial

from rich.console import Console

from engine.backup.forgotten import noted
from engine.backup.manifest import BackupManifest
from engine.backup.restore import restore as restore_from
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.config import BackupSettings, RestoreSettings
from engine.errors import ConfigError
from engine.generation import DataFolder


def backup(settings: BackupSettings, console: Console) -> int:
    """The exit status. Raises EngineError."""
    data = DataFolder.open(settings.data)
    if settings.to.resolve().is_relative_to(settings.data.resolve()):
        raise ConfigError(
            f"{settings.to} is inside the data folder, and would be lost with it. Name a place outside it."
        )
    destination = partial(destination_at, settings.to)
    with console.status(f"Backing up {settings.data} …"), noted(data, settings.to) as note:
        made = back_up(data, destination, every=settings.every_generation)
        note(made)
    _say(console, f"Backed up {_contents(made)} to {settings.to}.")
    return 0


def restore(settings: RestoreSettings, console: Console) -> int:
    """The exit status. Raises EngineError."""
    with (
        console.status(f"Restoring {settings.source} …"),
        open_source(settings.source) as source,
    ):
        done = restore_from(source, settings.data, replace=settings.replace)
    when = f"{done.manifest.created:%Y-%m-%d %H:%M:%S} UTC"
    _say(console, f"Restored {_contents(done.manifest)}, as of {when}, to {settings.data}.")
    if done.doubt:
        _say(console, done.doubt)
    if done.replaced is not None:
        _say(console, f"What was there is {done.replaced} now; remove it when nothing of it is needed.")
    return 0


def _contents(manifest: BackupManifest) -> str:
    kept = len(manifest.generations) - 1
    others = f" and {kept} more" if kept else ""
    live = f", live changes up to {manifest.sequence}" if manifest.live else ""
    size = f"{len(manifest.files)} files, {manifest.size_bytes / 1e6:.1f} MB"
    return f"generation {manifest.active}{others}{live} ({size})"


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
