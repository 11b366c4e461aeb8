"""Schemathesis signs as a device: a coordinator's, and an administrator's where accounts and devices are managed."""

import json
import os

import schemathesis
from devices import PROOF, Device

URL = os.environ["OPENAPI_URL"]
CODES = json.loads(os.environ["OPENAPI_CODES"])
COORDINATOR = Device(URL, CODES["coordinator"], "schemathesis")
ADMINISTRATOR = Device(URL, CODES["administrator"], "schemathesis")
MANAGED = (
    "/v1/accounts",
    "/v1/devices/{id}/revoke",
    "/v1/devices/{id}/recover",
    "/v1/enrolment-codes",
    "/v1/posts",
    "/v1/reference/{kind}/import",
    "/v1/settings",
)
# Stands in the header until the request is ready to be signed.
UNSIGNED = "unsigned"


@schemathesis.auth()
class DeviceAuth:
    """Marks a request as one to be signed. Checks that take the headers away, or set others, stay unsigned."""

    def get(self, case, context):
        return ADMINISTRATOR if context.operation.path.startswith(MANAGED) else COORDINATOR

    def set(self, case, device, context):
        case.headers = case.headers or {}
        case.headers["authorization"] = "Bearer " + device.token
        case.headers[PROOF] = UNSIGNED


@schemathesis.hook
def before_call(context, case, kwargs):
    if (case.headers or {}).get(PROOF) == UNSIGNED:
        kwargs["auth"] = ADMINISTRATOR if case.headers["authorization"].endswith(ADMINISTRATOR.token) else COORDINATOR


@schemathesis.serializer("application/vnd.banlang.page", "application/vnd.banlang.sync", "text/csv")
def raw(context, value):
    """The layouts of docs/sync-protocol.md are bytes, a list is text; what is generated for them goes out as it is."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.deserializer(
    "application/vnd.banlang.journal",
    "application/vnd.banlang.receipts",
    "application/vnd.banlang.snapshot",
    "application/vnd.banlang.sync",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/csv",
)
def bytes_of(context, response):
    return response.content.decode("latin-1")
