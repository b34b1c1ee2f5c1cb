"""Shoppers who were forgotten: a store of events knows its backups, and one that is put back is cleaned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from engine.backends.event_reader import EventReader
from engine.backends.event_schema import holds_events
from engine.backends.event_store import EventStore
from engine.backends.storage_failure import storage_failures
from engine.backup.manifest import BackupManifest
from engine.errors import EngineError
from engine.files import write_atomically
from engine.generation import DataFolder
from engine.security.shopper_key import OWNER_ONLY, SHOPPER_KEY


@contextmanager
def noted(data: DataFolder, to: Path) -> Iterator[Callable[[BackupManifest], None]]:
    """While a backup is taken, and from then on, the store says that something of a shopper may be there.
    What is yielded is told of the backup when it is whole; one that it is not told of came to nothing.

    Raises as `EventStore`. Where there are no events, there is nothing to note.
    """
    place, created, made = str(to.resolve()), datetime.now(UTC), list[BackupManifest]()
    begun = holds_events(data.live_folder)
    with closing(EventStore(data.live_folder)) as store:
        if begun:
            store.begin_backup(place, created)
        try:
            yield made.append
            if made and made[0].events and not begun:  # the first event came meanwhile
                store.begin_backup(place, created)
                begun = True
        finally:
            if begun:
                store.end_backup(place, created, made[0].event_sequence if made else None)


def carry_over(before: Path, staged: Path) -> str:
    """From the folder of live changes that was there into the one that takes its place: the shopper key, and
    who was forgotten since the backup was taken, so that nothing of them comes back.

    A sentence for the operator where that cannot be asked; a restore must not fail for it, since damage may
    be what it is for.
    """
    key = before / SHOPPER_KEY
    if key.exists():
        with storage_failures(key):
            staged.mkdir(exist_ok=True)
            write_atomically(staged / SHOPPER_KEY, key.read_bytes(), mode=OWNER_ONLY)
    try:
        if holds_events(before):
            with closing(EventReader.open_to_read(before)) as events:
                events.check()
            with closing(EventStore(staged)) as store:
                store.admit(events.key_check)
                store.adopt(before)
    except EngineError as error:
        return (
            f"Whom the folder that was there had forgotten could not be read: {error.message} Call "
            "ForgetShopper again for those who were forgotten since this backup was taken."
        )
    return ""
