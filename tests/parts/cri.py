"""What a kubelet asks containerd before it starts a pod: whether an image is there.

Source: k8s.io/cri-api, runtime/v1/api.proto, ImageService.ImageStatus; gRPC over HTTP/2, "Length-Prefixed-Message".
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pycurl

_STATUS = "http://localhost/runtime.v1.ImageService/ImageStatus"
_VARINT, _BYTES = 0, 2


def image_id(socket: Path, image: str) -> str | None:
    """Of the image that a pod names so; None where the kubelet would have to pull it."""
    # ImageStatusRequest.image (1), ImageSpec.image (1); ImageStatusResponse.image (1), Image.id (1).
    answer = _call(socket, _field(1, _field(1, image.encode())))
    found = [value for number, value in _fields(answer) if number == 1]
    if not found:
        return None
    return next(value.decode() for number, value in _fields(found[0]) if number == 1)


def _call(socket: Path, message: bytes) -> bytes:
    body, headers = BytesIO(), BytesIO()
    curl = pycurl.Curl()
    curl.setopt(pycurl.UNIX_SOCKET_PATH, str(socket))
    curl.setopt(pycurl.URL, _STATUS)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
    curl.setopt(pycurl.HTTPHEADER, ["Content-Type: application/grpc", "TE: trailers"])
    curl.setopt(pycurl.POSTFIELDS, struct.pack(">BI", 0, len(message)) + message)
    curl.setopt(pycurl.WRITEFUNCTION, body.write)
    curl.setopt(pycurl.HEADERFUNCTION, headers.write)
    curl.setopt(pycurl.TIMEOUT, 30)
    try:
        curl.perform()
    finally:
        curl.close()
    assert b"grpc-status: 0" in headers.getvalue(), headers.getvalue()
    return body.getvalue()[5:]


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Those that hold bytes."""
    at = 0

    def read_varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(message):
        key = read_varint()
        if key & 7 == _VARINT:
            read_varint()
            continue
        assert key & 7 == _BYTES, f"kind {key & 7}"
        size = read_varint()
        yield key >> 3, message[at : at + size]
        at += size
