"""Whose fault an error is: the message's own, which parks it, or the infrastructure's, which is waited out."""

from bson.errors import BSONError
from nats.errors import Error as NatsError
from pymongo.errors import BulkWriteError, DocumentTooLarge, OperationFailure, PyMongoError, WriteConcernError

from kit.mongo import LeaseLost

# What MongoDB answers when the server, the network, a rival or our rights are at fault, whatever the message says.
_INFRASTRUCTURE_CODES = frozenset(
    (
        *(6, 7, 89, 9001, 202),  # host unreachable, not found, timed out, socket closed
        *(91, 189, 10058, 10107, 11600, 11602, 13435, 13436),  # shutting down, stepping down, not the primary
        *(24, 46, 50, 64, 262, 11601),  # out of time: locks, operations, write concern
        *(112, 225, 239, 244, 246, 251, 290),  # a rival's write; the transaction or its snapshot is over
        *(13, 18, 20, 33, 391, 8000),  # our rights or sign-in, a server without transactions
        *(39, 43, 117, 133, 134, 146, 175, 14031),  # disk, memory, no majority, what was under way is gone
        462,  # overloaded
    )
)
_INFRASTRUCTURE_LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")


def is_message_fault(error: Exception) -> bool:
    """Say whether the message itself is at fault; anything the infrastructure does never is."""
    if isinstance(error, OperationFailure):
        return _is_refusal(error)
    if isinstance(error, DocumentTooLarge | BSONError):
        return True
    return not isinstance(error, PyMongoError | NatsError | OSError | TimeoutError | MemoryError | LeaseLost)


def _is_refusal(error: OperationFailure) -> bool:
    """Say whether MongoDB understood what it was asked, could do it, and refused it for what it says."""
    if isinstance(error, WriteConcernError) or any(map(error.has_error_label, _INFRASTRUCTURE_LABELS)):
        return False
    if isinstance(error, BulkWriteError):
        codes = [each.get("code") for each in (error.details or {}).get("writeErrors", [])]
        return bool(codes) and _INFRASTRUCTURE_CODES.isdisjoint(codes)
    return error.code is not None and error.code not in _INFRASTRUCTURE_CODES
