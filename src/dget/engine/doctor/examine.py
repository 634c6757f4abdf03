"""All checks, in the order in which one rests on another; what does not depend on a failed one still runs."""

import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dget.config.mirrors import Host
from dget.engine.doctor.access import access_findings, api_finding, clock_finding, quota_finding, sign_in
from dget.engine.doctor.finding import Diagnosis, Finding
from dget.engine.doctor.mirrors import mirror_finding
from dget.engine.doctor.storage import cache_finding, disk_findings
from dget.engine.doctor.way import Circumstances, way_findings
from dget.errors import DgetError
from dget.flow import Cancel, Clock, Observer, Stage
from dget.model import Reference
from dget.protocol.auth import Scope
from dget.protocol.http import Response
from dget.protocol.origin import origin
from dget.protocol.quota import Quota
from dget.registry import Endpoint, Session, quota_image, quota_told_by_image
from dget.transport import Transport, TransportOptions
from dget.transport.probe import Probe, library, probe


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """What is examined, and how it is reached.

    domain: of the registry, as images name it; image: the one that the person named; mirrors: in the order in which pulls ask them.
    endpoint: its own, with the person's credentials.
    cache: its folder, None where it is not wanted; about: for those who help.
    """

    domain: str
    image: Reference | None
    mirrors: Sequence[Host]
    endpoint: Endpoint
    options: TransportOptions
    cache: Path | None
    about: dict[str, str]


def examine(patient: Patient, transport: Transport, clock: Clock, *, cancel: Cancel, observer: Observer) -> Diagnosis:
    """Raises Cancelled; whatever else goes wrong is a finding."""
    findings = []
    for finding in _findings(patient, transport, clock, cancel, observer):
        cancel.check()
        findings.append(finding)
    about = {
        **patient.about,
        "libraries": library(),
        "system": f"{platform.platform()}, Python {platform.python_version()}",
    }
    return Diagnosis(target=str(patient.image or patient.domain), about=about, findings=tuple(findings))


def _findings(
    patient: Patient, transport: Transport, clock: Clock, cancel: Cancel, observer: Observer
) -> Iterator[Finding]:
    observer(Stage(text=f"the way to {patient.domain}"))
    seen = _probe(patient, cancel)
    now = clock.time()
    shown = f"{datetime.fromtimestamp(now, tz=UTC):%Y-%m-%d %H:%M} UTC"
    asked = origin(seen.url)
    proxy = patient.options.proxies.proxy_for(*asked)
    around = Circumstances(
        proxy=f"{proxy.address} ({proxy.named_by})" if proxy else None,
        clock=shown,
        verified=patient.options.tls(asked).verify,
    )
    yield from way_findings(seen, around)
    if seen.error:
        # Nothing was wrong before the answer, and then none came.
        if seen.stage is seen.stage.ANSWER:
            yield Finding.problem("registry", seen.error)
    elif seen.response:
        yield from _registry(patient, seen.response, transport, clock, cancel)
    for host in patient.mirrors:
        observer(Stage(text=f"the mirror {host.url}"))
        yield mirror_finding(transport, host, patient.image, clock, cancel)
    yield cache_finding(patient.cache)
    yield from disk_findings({**({"the cache": patient.cache} if patient.cache else {}), "files": Path.cwd()})


def _probe(patient: Patient, cancel: Cancel) -> Probe:
    """Of the endpoint's URL that answers, as a pull finds it."""
    endpoint = patient.endpoint
    seen = probe(f"{endpoint.url}/v2/", patient.options, cancel=cancel)
    while seen.speaks_no_tls and endpoint.next_url():
        seen = probe(f"{endpoint.url}/v2/", patient.options, cancel=cancel)
    return seen


def _registry(
    patient: Patient, answer: Response, transport: Transport, clock: Clock, cancel: Cancel
) -> Iterator[Finding]:
    endpoint = patient.endpoint
    api = api_finding(endpoint.url, answer, now=clock.time())
    yield api
    yield clock_finding(answer, now=clock.time())
    if api.exit_status:
        return
    scope = Scope(patient.image.repository if patient.image else "")
    try:
        # Nothing is read, and no helper is run, for a registry that does not ask.
        found = None if answer.ok else endpoint.authority.credentials(scope.repository)
    except DgetError as error:
        yield Finding.problem("credentials", error)
        return
    signed = sign_in(transport, endpoint, scope, clock, cancel)
    access = list(access_findings(answer, signed, found.source or "this run" if found else None))
    yield from access
    if any(finding.exit_status for finding in access):
        return
    yield from _image_and_quota(patient, Quota.from_headers(answer.headers), transport, clock, cancel)


def _image_and_quota(
    patient: Patient, told: Quota | None, transport: Transport, clock: Clock, cancel: Cancel
) -> Iterator[Finding]:
    """An image's HEAD is not counted as a pull."""
    asked = patient.image or quota_image(patient.domain)
    if asked:
        session = Session(transport, patient.endpoint, asked.repository, clock)
        try:
            told = quota_told_by_image(session, asked, cancel=cancel) or told
        except DgetError as error:
            check = "image" if patient.image else "quota"
            yield Finding.problem(check, error)
            return
        if patient.image:
            yield Finding.ok("image", f"{patient.image} is there")
    yield quota_finding(told)
