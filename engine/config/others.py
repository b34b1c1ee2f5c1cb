"""Settings of the commands that ask a server, or look after what it serves."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from engine.config.base import Settings
from engine.config.values import DEFAULT_PORT, CollectionName, CollectionNames, Device, Names, Seconds


class SearchSettings(Settings):
    """`python -m engine search`."""

    table: ClassVar[str] = "search"
    alternatives: ClassVar[tuple[str, ...]] = ("target", "data")

    target: str = Field(default=f"localhost:{DEFAULT_PORT}", description="Server to ask, as host:port.")
    data: Path | None = Field(
        default=None, description="Search this data folder in process; no server is asked."
    )
    collection: CollectionName | None = Field(
        default=None, description="Which of the server's catalogues to search, where it has several."
    )
    filter: str = Field(
        default="", description='Which products may be returned, as in price < 200 AND brand = "X".'
    )
    order_by: str = Field(
        default="", description="Order of the results, as in price desc; empty is by score."
    )
    facet: Names = Field(default=(), description="Field to count over the results; may be repeated.")
    api_key_file: Path | None = Field(
        default=None,
        description="File with the API key or token to send. There is no flag for the key itself: other "
        "users of a machine see the flags of a command.",
    )
    tls: bool = Field(
        default=False,
        description="Encrypt, and ask for a certificate that this machine trusts; implied by --tls-ca.",
    )
    tls_ca: Path | None = Field(
        default=None, description="PEM file of the authority that the server's certificate must be of."
    )
    client_cert: Path | None = Field(
        default=None, description="PEM file of our own certificate, where the server asks for one."
    )
    client_key: Path | None = Field(default=None, description="PEM file of its private key.")
    page_size: int = Field(default=10, ge=1, le=100, description="Results to show, 1 to 100.")
    page_token: str = Field(default="", description="The page after the one that printed this token.")
    explain: bool = Field(
        default=False, description="Show the parts of each score and the paths that led there."
    )
    rerank: bool = Field(default=True, description="Let the cross-encoder decide the final order.")
    timeout: Seconds = Field(default=30.0, gt=0, description="Seconds to wait for the answer.")
    json_output: bool = Field(
        default=False,
        description="Print the response as one JSON object.",
        json_schema_extra={"flag": "--json"},
    )
    device: Device = Field(default="auto", description="With --data: where models and vector search run.")
    threads: int = Field(
        default=0, ge=0, le=1_024, description="With --data: CPU threads; 0 means all cores."
    )
    verify: bool = Field(default=True, description="With --data: check the SHA-256 of every file first.")


class KeySettings(Settings):
    """`python -m engine key`."""

    table: ClassVar[str] = "key"

    keys: Path = Field(description="File of API keys; `create` makes it where there is none.")
    scope: Names = Field(
        default=("search",),
        description="What a new key may do: search, write (products), follow (their changes), record "
        "(shoppers' events), admin (generations, forgetting shoppers); may be repeated.",
    )
    collection: CollectionNames = Field(
        default=(),
        description="The only collection of a server that a new key is for; may be repeated. None is all, "
        "those to come too.",
    )
    expires_days: int = Field(
        default=0, ge=0, le=36_500, description="Days until a new key expires; 0 is never."
    )
    calls_per_second: float = Field(
        default=0.0,
        ge=0,
        le=1e6,
        description="Calls a second that a new key may make; so many may come at once. A batch counts as "
        "many as it holds. 0 is no limit.",
    )
    calls_per_day: int = Field(
        default=0, ge=0, le=10**12, description="Calls a day (UTC) that a new key may make; 0 is no limit."
    )


class BackupSettings(Settings):
    """`python -m engine backup`."""

    table: ClassVar[str] = "backup"

    data: Path = Field(description="Data folder to back up, while servers use it as ever.")
    to: Path = Field(
        description="Folder for the backup, or a new file whose name ends in .tar. A folder holds the latest "
        "backup alone, and generations that it has already are not copied again."
    )
    every_generation: bool = Field(
        default=False,
        description="Back up all generations that are kept, so that a restored folder can be rolled back; "
        "without it, the active one.",
        json_schema_extra={"flag": "--all"},
    )


class RestoreSettings(Settings):
    """`python -m engine restore`."""

    table: ClassVar[str] = "restore"

    source: Path = Field(
        description="Backup to restore: its folder, or its .tar file.", json_schema_extra={"flag": "--from"}
    )
    data: Path = Field(description="Data folder to make of it; one that is new or empty.")
    replace: bool = Field(
        default=False,
        description="Restore although the data folder holds something, which is kept beside it under another "
        "name. Stop its servers first.",
    )


class CheckSettings(Settings):
    """`python -m engine check`."""

    table: ClassVar[str] = "check"
    alternatives: ClassVar[tuple[str, ...]] = ("data", "backup")

    data: Path | None = Field(
        default=None, description="Data folder whose generations, change log and events are read."
    )
    backup: Path | None = Field(
        default=None, description="Backup that is read: its folder, or its .tar file."
    )


class DoctorSettings(Settings):
    """`python -m engine doctor`."""

    table: ClassVar[str] = "doctor"

    data: Path | None = Field(
        default=None, description="Data folder whose active generation is checked as well."
    )
    json_output: bool = Field(
        default=False,
        description="Print the findings as one JSON object.",
        json_schema_extra={"flag": "--json"},
    )
