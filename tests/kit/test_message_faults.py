"""Whose fault it is: only what the message itself says may park it; everything else is waited out."""

import pytest
from bson.errors import InvalidDocument
from nats.errors import ConnectionClosedError
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
    WriteError,
    WTimeoutError,
)

from kit.faults import is_message_fault
from kit.mongo import LeaseLost


def bulk(*codes, concern=None):
    return BulkWriteError({"writeErrors": [{"code": code} for code in codes], "writeConcernErrors": concern or []})


def labelled(error, label):
    error._add_error_label(label)
    return error


MESSAGE = {
    "the handler's own refusal": ValueError("no such state"),
    "a duplicate key": DuplicateKeyError("E11000", 11000),
    "a document that validation refuses": WriteError("refused", 121),
    "a duplicate key among many": bulk(11000),
    "a value MongoDB takes for none": OperationFailure("BadValue", 2),
    "a field name it does not take": OperationFailure("DollarPrefixedFieldName", 52),
    "an operator on the wrong type": OperationFailure("TypeMismatch", 14),
    "a document that is too large": DocumentTooLarge("16 MiB"),
    "a value BSON has no form for": InvalidDocument("a set"),
}
INFRASTRUCTURE = {
    "no server": ServerSelectionTimeoutError("none"),
    "a connection that broke": AutoReconnect("closed"),
    "a server that is no longer primary": NotPrimaryError("stepped down"),
    "stepping down": OperationFailure("PrimarySteppedDown", 189),
    "a rival's write": OperationFailure("WriteConflict", 112),
    "a rival's write among many": bulk(112),
    "many writes no majority confirmed": bulk(concern=[{"code": 64}]),
    "a write no majority confirmed in time": WTimeoutError("wtimeout", 64),
    "an operation that took too long": ExecutionTimeout("MaxTimeMSExpired", 50),
    "a transaction that took too long": OperationFailure("TransactionExceededLifetimeLimitSeconds", 290),
    "what may pass when tried again": labelled(OperationFailure("BadValue", 2), "TransientTransactionError"),
    "a commit nobody knows of": labelled(OperationFailure("odd", 9), "UnknownTransactionCommitResult"),
    "a right we lack": OperationFailure("Unauthorized", 13),
    "a full disk": OperationFailure("OutOfDiskSpace", 14031),
    "a failure without a code": OperationFailure("odd"),
    "the bus": ConnectionClosedError(),
    "the network": ConnectionRefusedError(),
    "time": TimeoutError(),
    "memory": MemoryError(),
    "a rival that took over": LeaseLost(),
}


@pytest.mark.parametrize("error", MESSAGE.values(), ids=MESSAGE)
def test_the_message_is_at_fault(error):
    assert is_message_fault(error)


@pytest.mark.parametrize("error", INFRASTRUCTURE.values(), ids=INFRASTRUCTURE)
def test_the_message_is_not_at_fault(error):
    assert not is_message_fault(error)
