"""The tools that are compared: the commands that fetch one image with each."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.images import TAG, StoredImage
from bench.servers import Endpoint

Command = Sequence[str]
_CACHE = ("--cache-dir", "cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is fetched, and from where. Commands run in a fresh folder of their own; what they write stays in it."""

    endpoint: Endpoint
    image: StoredImage

    @property
    def name(self) -> str:
        return f"{self.endpoint.address}/{self.image.repository}:{TAG}"

    @property
    def blob_urls(self) -> list[str]:
        root = f"{self.endpoint.scheme}://{self.endpoint.address}/v2/{self.image.repository}/blobs"
        return [f"{root}/{blob.digest}" for blob in self.image.blobs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """program: whose absence means that this tool is left out; None for dget.

    before: what is run beforehand and not measured. archive: what dget leaves, to be checked.
    killed: whether it is first started and killed half way.
    """

    name: str
    program: str | None
    command: Callable[[Job], Command]
    before: Callable[[Job], Sequence[Command]] = lambda _job: ()
    environment: Callable[[Job], Mapping[str, str]] = lambda _job: {}
    archive: str | None = None
    killed: bool = False

    @property
    def missing(self) -> bool:
        return self.program is not None and shutil.which(self.program) is None


def dget(*options: str, archive: str = "x.tar") -> Callable[[Job], Command]:
    def command(job: Job) -> Command:
        trust = ("--ca-file", str(job.endpoint.authorities / "ca.crt")) if job.endpoint.authorities else ()
        return (sys.executable, "-m", "dget", job.name, "-arch", "amd64", "-q", "-o", archive, *options, *trust)

    return command


def _skopeo(target: str) -> Callable[[Job], Command]:
    def command(job: Job) -> Command:
        authorities = job.endpoint.authorities
        trust = ("--src-cert-dir", str(authorities)) if authorities else ("--src-tls-verify=false",)
        # Where it puts what it downloads before it packs it: beside the output, on the same medium.
        own = ("--insecure-policy", "--tmpdir", ".", "--override-arch", "amd64")
        return ("skopeo", *own, "copy", "-q", *trust, f"docker://{job.name}", f"{target}:x.tar")

    return command


def _curl(job: Job) -> Command:
    authorities = job.endpoint.authorities
    trust = ("--cacert", str(authorities / "ca.crt")) if authorities else ()
    pairs = [word for number, url in enumerate(job.blob_urls) for word in ("-o", f"blob-{number}", url)]
    return ("curl", "-sS", "--fail", "--parallel", *trust, *pairs)


def _aria2(job: Job) -> Command:
    authorities = job.endpoint.authorities
    trust = (f"--ca-certificate={authorities / 'ca.crt'}",) if authorities else ()
    many = ("-x16", "-s16", "-j16", "--min-split-size=1M")
    return ("aria2c", "--no-conf", "-q", "--file-allocation=none", *many, *trust, "-Z", *job.blob_urls)


def _crane(*options: str) -> Callable[[Job], Command]:
    return lambda job: ("crane", "pull", "--platform", "linux/amd64", *options, job.name, "x.tar")


def _crane_trust(job: Job) -> Mapping[str, str]:
    authorities = job.endpoint.authorities
    return {"SSL_CERT_FILE": str(authorities / "ca.crt")} if authorities else {}


def docker(socket: Path) -> Tool:
    """Pull and save, by a daemon that answers at `socket`."""

    def command(job: Job) -> Command:
        own = f"docker -H unix://{socket}"
        return ("sh", "-ec", f"{own} pull -q {job.name}; {own} save -o x.tar {job.name}")

    def before(job: Job) -> Sequence[Command]:
        return (("sh", "-c", f"docker -H unix://{socket} rmi -f {job.name} || true"),)

    return Tool(name="docker", program="docker", command=command, before=before)


DGET = Tool(name="dget", program=None, command=dget("--no-cache"), archive="x.tar")
DGET_CACHE = Tool(name="dget, cache", program=None, command=dget(*_CACHE), archive="x.tar")
DGET_GZIP = Tool(name="dget .tar.gz", program=None, command=dget("--no-cache", archive="x.tar.gz"), archive="x.tar.gz")
DGET_WARM = Tool(
    name="dget, warm",
    program=None,
    command=dget(*_CACHE),
    before=lambda job: (dget(*_CACHE, archive="first.tar")(job), ("rm", "first.tar")),
    archive="x.tar",
)
DGET_CLONE = Tool(
    name="dget, warm, unchecked",
    program=None,
    command=dget(*_CACHE, "--verify-cache", "never"),
    before=DGET_WARM.before,
    archive="x.tar",
)
DGET_KILLED = Tool(name="dget, killed", program=None, command=dget(*_CACHE), archive="x.tar", killed=True)
SKOPEO_OCI = Tool(name="skopeo oci-archive", program="skopeo", command=_skopeo("oci-archive"))
SKOPEO_DOCKER = Tool(name="skopeo docker-archive", program="skopeo", command=_skopeo("docker-archive"))
CURL = Tool(name="curl -Z", program="curl", command=_curl)
ARIA2 = Tool(name="aria2c -x16", program="aria2c", command=_aria2)
CRANE = Tool(name="crane", program="crane", command=_crane(), environment=_crane_trust)
CRANE_CACHE = Tool(name="crane -c", program="crane", command=_crane("-c", "cache"), environment=_crane_trust)
