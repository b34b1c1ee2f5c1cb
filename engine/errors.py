"""Everything a caller can be told went wrong.

EngineError
├── InvalidArgumentError      the request or setting is wrong as it stands
│   ├── FilterSyntaxError     with the position of the first character that does not fit
│   ├── QuerySyntaxError      SPARQL that does not parse or may not run, with line and column
│   ├── UnknownFieldError     a filter, facet or order names no field of the catalogue
│   └── MissingCollectionError a call that may be for several catalogues of a server
├── NotFoundError             an id names nothing
├── FailedPreconditionError   right in itself, but not in this state
│   ├── StalePageTokenError
│   ├── DimensionMismatchError
│   ├── EncoderMismatchError
│   ├── DamagedGenerationError
│   ├── DamagedChangeLogError
│   ├── DamagedBackupError
│   ├── DamagedEventsError
│   ├── CompactedError        followed from a change that the log has forgotten
│   ├── AnotherLogError       followed a change log that is not the one here
│   ├── ForgottenChangesError a generation lacks changes that the log has forgotten
│   ├── RelevanceGateError    a generation ranks worse than the one that serves
│   └── LockHeldError         another process writes there
├── UnauthenticatedError      nobody knows who calls
│   ├── MissingCredentialsError
│   ├── InvalidCredentialsError
│   └── ExpiredCredentialsError
├── PermissionDeniedError     known, but not allowed to do this
├── CollectionDeniedError     known, but not for this catalogue
├── OverloadedError           full; try again later
│   ├── RateLimitError        this caller asks faster than it may
│   └── QuotaError            this caller has asked as much today as it may
├── StorageFullError          no space on the disk, or no file handle left
├── StorageError              the disk cannot be read or written, or did not confirm a write
├── QueryLimitError           a graph query that asks for more than one may have
├── NotServingError           starting or draining
├── QueryEndedError           the process of a graph query was ended from outside
├── DeadlineExceededError     the caller's time is up
├── CancelledError            the caller went away
├── DataError                 a file the shop gave, with line
└── ConfigError               a setting, a missing package or folder
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import ClassVar


class ErrorCode(StrEnum):
    """The canonical codes of google.rpc.Code that this engine uses."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CANCELLED = "CANCELLED"


RETRY_AFTER = 0.1
"""Seconds, where nothing is known of how long what waits will take."""
POINTER_CONTEXT = 40
"""Characters that an error shows on either side of the place it points at."""


class EngineError(Exception):
    """One clear sentence for the user, and every variable part of it as text in `metadata` (AIP-193)."""

    code: ClassVar[ErrorCode] = ErrorCode.FAILED_PRECONDITION
    reason: ClassVar[str] = "ENGINE_ERROR"

    def __init__(self, message: str, **metadata: object) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = {key: str(value) for key, value in metadata.items()}


class InvalidArgumentError(EngineError):
    """`field` is the request field, in the contract's snake_case, that has to change."""

    code = ErrorCode.INVALID_ARGUMENT
    reason = "INVALID_ARGUMENT"

    def __init__(self, field: str, message: str, **metadata: object) -> None:
        super().__init__(message, field=field, **metadata)
        self.field = field


class FilterSyntaxError(InvalidArgumentError):
    """`position` counts characters from 0."""

    reason = "FILTER_SYNTAX"

    def __init__(self, text: str, position: int, problem: str) -> None:
        start, end = max(0, position - POINTER_CONTEXT), position + POINTER_CONTEXT
        pointer = (
            f"{'…' * (start > 0)}{text[start:position]}⟨here⟩{text[position:end]}{'…' * (end < len(text))}"
        )
        super().__init__(
            "filter",
            f"The filter does not parse at character {position}: {problem} {pointer}",
            position=position,
            filter=text,
        )
        self.position = position


class QuerySyntaxError(InvalidArgumentError):
    """SPARQL that does not parse, or that does what a query may not. Line and column count from 1."""

    reason = "QUERY_SYNTAX"

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(
            "query",
            f"The query cannot run, line {line}, column {column}: {problem}",
            line=line,
            column=column,
        )


class UnknownFieldError(InvalidArgumentError):
    reason = "UNKNOWN_FIELD"

    def __init__(self, field: str, name: str, suggestions: tuple[str, ...]) -> None:
        hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
        super().__init__(
            field, f"{field} names {name!r}, which no product of this catalogue has.{hint}", name=name
        )


class MissingCollectionError(InvalidArgumentError):
    reason = "COLLECTION_MISSING"

    def __init__(self) -> None:
        super().__init__(
            "x-collection",
            "The call may be for several collections; name one as the metadata 'x-collection'.",
        )


class NotFoundError(EngineError):
    """`resource` is a singular noun ("product", "generation")."""

    code = ErrorCode.NOT_FOUND
    reason = "NOT_FOUND"

    def __init__(self, resource: str, name: str, hint: str = "") -> None:
        super().__init__(
            f"No {resource} has the id {name!r}.{' ' + hint if hint else ''}", resource=resource, name=name
        )


class FailedPreconditionError(EngineError):
    reason = "FAILED_PRECONDITION"


class StalePageTokenError(FailedPreconditionError):
    reason = "STALE_PAGE_TOKEN"

    def __init__(self, token_generation: str, serving_generation: str) -> None:
        super().__init__(
            f"The page token was made by generation {token_generation}, but {serving_generation} is serving. "
            "Ask for the first page again.",
            token_generation=token_generation,
            serving_generation=serving_generation,
        )


class DimensionMismatchError(FailedPreconditionError):
    """The serving encoder and an index disagree on the embedding size."""

    reason = "DIMENSION_MISMATCH"

    def __init__(self, *, encoder_dim: int, index_dim: int) -> None:
        super().__init__(
            f"The encoder emits {encoder_dim} dimensions, the index holds {index_dim}. "
            "Serve the encoder named in the generation's manifest, or rebuild the index.",
            encoder_dim=encoder_dim,
            index_dim=index_dim,
        )


class EncoderMismatchError(FailedPreconditionError):
    """The serving encoder is not the one that made an index, be its embeddings of the same size or not."""

    reason = "ENCODER_MISMATCH"

    def __init__(self, *, encoder: str, index_encoder: str) -> None:
        super().__init__(
            f"The encoder has the fingerprint {encoder}, but the index was made by {index_encoder}. "
            "Serve the encoder named in the generation's manifest, or rebuild the index.",
            encoder=encoder,
            index_encoder=index_encoder,
        )


class DamagedGenerationError(FailedPreconditionError):
    """`problem` is the end of a sentence that begins with the file's path."""

    reason = "DAMAGED_GENERATION"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} {problem}. Restore that file from a copy, or build the generation again.", file=path
        )
        self.path, self.problem = path, problem


class DamagedChangeLogError(FailedPreconditionError):
    """`problem` is the end of a sentence that begins with the file's path."""

    reason = "DAMAGED_CHANGE_LOG"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} {problem}. Restore the change log from a backup.", file=path)
        self.path, self.problem = path, problem


class DamagedBackupError(FailedPreconditionError):
    """`problem` is the end of a sentence that begins with the file's path."""

    reason = "DAMAGED_BACKUP"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} {problem}. Nothing is restored from this backup; take another one.", file=path
        )
        self.path, self.problem = path, problem


class DamagedEventsError(FailedPreconditionError):
    """`problem` is the end of a sentence that begins with the file's path."""

    reason = "DAMAGED_EVENTS"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} {problem}. Restore it from a backup, or move it away to begin anew.", file=path
        )
        self.path, self.problem = path, problem


class CompactedError(FailedPreconditionError):
    """`compacted` is the last change that the log has forgotten, `sequence` the one to go on after."""

    reason = "CHANGES_COMPACTED"

    def __init__(self, sequence: int, compacted: int) -> None:
        super().__init__(
            f"Changes up to {compacted} were folded into a generation, so that those after {sequence} can no "
            "longer be listed. Start over from a snapshot.",
            sequence=sequence,
            compacted=compacted,
        )
        self.sequence, self.compacted = sequence, compacted


class AnotherLogError(FailedPreconditionError):
    """`followed` is the id of the log that a follower knows, `log_id` of the one here; empty without one."""

    reason = "ANOTHER_CHANGE_LOG"

    def __init__(self, followed: str, log_id: str) -> None:
        here = f"The change log here is {log_id}" if log_id else "There is no change log here"
        super().__init__(
            f"{here}, and {followed} was followed: it was restored from a backup, or is of another data "
            "folder. Start over from a snapshot.",
            followed=followed,
            log_id=log_id,
        )


class ForgottenChangesError(FailedPreconditionError):
    """`held` is the last change that the generation holds, `forgotten` the last one that the log lacks."""

    reason = "CHANGES_FORGOTTEN"

    def __init__(self, held: int, forgotten: int) -> None:
        super().__init__(
            f"The generation holds live changes up to {held}, but the change log keeps only those after "
            f"{forgotten}: changes between would be lost. Build with --from-live, or, where the catalogue "
            f"files hold those changes, with --live-until {forgotten}.",
            held=held,
            forgotten=forgotten,
        )


class RelevanceGateError(FailedPreconditionError):
    """`problem` is the end of a sentence that begins with the new generation's id."""

    reason = "RELEVANCE_GATE"

    def __init__(self, generation_id: str, problem: str, **metadata: object) -> None:
        super().__init__(
            f"Generation {generation_id} {problem}. Look at its evaluation, or activate it with force.",
            generation=generation_id,
            **metadata,
        )


class LockHeldError(FailedPreconditionError):
    reason = "LOCK_HELD"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is held by another process, and only one may write there. End that one first.", file=path
        )


class UnauthenticatedError(EngineError):
    """None of its kind repeats what was sent: a secret mistyped is still nearly a secret."""

    code = ErrorCode.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"


class MissingCredentialsError(UnauthenticatedError):
    reason = "CREDENTIALS_MISSING"

    def __init__(self) -> None:
        super().__init__(
            "The call names no caller; send an API key or a token as the metadata 'authorization: Bearer …'."
        )


class InvalidCredentialsError(UnauthenticatedError):
    """Which part was wrong is not told: that would help only those who guess."""

    reason = "CREDENTIALS_INVALID"

    def __init__(self) -> None:
        super().__init__(
            "The key or token is none that this server accepts; ask its operator for one that is."
        )


class ExpiredCredentialsError(UnauthenticatedError):
    reason = "CREDENTIALS_EXPIRED"

    def __init__(self) -> None:
        super().__init__("The key or token has expired; get a new one.")


class PermissionDeniedError(EngineError):
    """`scope` is the one that the call needs and the caller lacks."""

    code = ErrorCode.PERMISSION_DENIED
    reason = "SCOPE_MISSING"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"The call needs the scope '{scope}', which the caller's key or token does not have.", scope=scope
        )


class CollectionDeniedError(EngineError):
    """Whether there is such a collection is not told, nor the name of one that the caller did not name."""

    code = ErrorCode.PERMISSION_DENIED
    reason = "COLLECTION_DENIED"

    def __init__(self) -> None:
        super().__init__(
            "The caller's key or token is not for this collection; name one that it is for as the metadata "
            "'x-collection'."
        )


class OverloadedError(EngineError):
    """`retry_after` is how many seconds to wait before another try is likely to be taken."""

    code = ErrorCode.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"

    def __init__(self, message: str, *, retry_after: float = RETRY_AFTER, **metadata: object) -> None:
        super().__init__(message, **metadata)
        self.retry_after = retry_after


class StorageFullError(EngineError):
    """`problem` is the end of a sentence that begins with the file's path. Nothing of the write remains."""

    code = ErrorCode.RESOURCE_EXHAUSTED
    reason = "STORAGE_FULL"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} {problem}.", file=path)


class StorageError(EngineError):
    """`problem` is the end of a sentence that begins with the file's path."""

    code = ErrorCode.UNAVAILABLE
    reason = "STORAGE_FAILED"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} {problem}.", file=path)


class RateLimitError(OverloadedError):
    reason = "RATE_LIMIT"

    def __init__(self, calls_per_second: float, *, retry_after: float) -> None:
        super().__init__(
            f"The key may call {calls_per_second:g} times a second; wait and ask more slowly.",
            retry_after=retry_after,
            calls_per_second=f"{calls_per_second:g}",
        )


class QuotaError(OverloadedError):
    """Days are those of UTC."""

    reason = "QUOTA"

    def __init__(self, calls_per_day: int, *, retry_after: float) -> None:
        super().__init__(
            f"The key has used its {calls_per_day:,} calls of this day (UTC); ask again tomorrow.",
            retry_after=retry_after,
            calls_per_day=calls_per_day,
        )


class QueryLimitError(EngineError):
    """`limit` names what is limited ("rows", "bytes", "memory")."""

    code = ErrorCode.RESOURCE_EXHAUSTED
    reason = "QUERY_LIMIT"

    def __init__(self, limit: str, message: str, **metadata: object) -> None:
        super().__init__(message, limit=limit, **metadata)


class NotServingError(EngineError):
    code = ErrorCode.UNAVAILABLE
    reason = "NOT_SERVING"


class QueryEndedError(EngineError):
    """`status` is the process's exit status as subprocess gives it: negative for a signal."""

    code = ErrorCode.UNAVAILABLE
    reason = "QUERY_ENDED"

    def __init__(self, status: int) -> None:
        how = f"signal {-status}" if status < 0 else f"status {status}"
        super().__init__(
            f"The process that ran the query was ended from outside ({how}); ask again.", status=status
        )


class DeadlineExceededError(EngineError):
    code = ErrorCode.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"


class CancelledError(EngineError):
    code = ErrorCode.CANCELLED
    reason = "CANCELLED"


class DataError(EngineError):
    """A file the shop gave cannot be used. `line` counts from 1; None when the whole file is meant."""

    code = ErrorCode.INVALID_ARGUMENT
    reason = "BAD_DATA"

    def __init__(self, path: Path, problem: str, *, line: int | None = None) -> None:
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{where}: {problem}", file=path, line="" if line is None else line)


class ConfigError(EngineError):
    code = ErrorCode.FAILED_PRECONDITION
    reason = "BAD_CONFIG"
