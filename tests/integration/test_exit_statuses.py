"""Each exit status that the command line promises, provoked for real."""

import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.parts.nginx import Nginx, free_port, server
from tests.parts.tls import CertificateAuthority

pytestmark = pytest.mark.integration

