"""Devices for Schemathesis: an Ed25519 key each, enrolled with a code, and the proof every request needs.

What is signed is in docs/api.md, "Authentication". This is a second writing of it, in another language: where the two
differ, one of them or that page is wrong.
"""

import base64
import hashlib
import itertools
import threading

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PROOF = "banlang-proof"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class Device(requests.auth.AuthBase):
    """An enrolled device. As `auth` of a request it signs what is really sent, byte for byte."""

    def __init__(self, url: str, code: str, label: str):
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        canonical = code.upper().replace("-", "")
        statement = b"banlang enrol v1" + sha256(canonical.encode()) + public
        body = {
            "code": code,
            "public_key": public.hex(),
            "label": label,
            "signature": self.key.sign(statement).hex(),
        }
        answer = requests.post(url + "/v1/enrolments", json=body, timeout=30)
        answer.raise_for_status()
        self.token = answer.json()["access_token"]
        self.id = answer.json()["certificate"]["device_id"]
        self.counter = itertools.count(1)
        self.lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        with self.lock:
            counter = next(self.counter).to_bytes(8, "big")
        target = request.method.encode() + b"\n" + request.path_url.encode() + b"\n" + sha256(body)
        statement = b"banlang proof v1" + sha256(target) + sha256(self.token.encode()) + counter
        proof = base64.urlsafe_b64encode(counter + self.key.sign(statement)).rstrip(b"=")
        request.headers["authorization"] = "Bearer " + self.token
        request.headers[PROOF] = proof.decode()
        return request
