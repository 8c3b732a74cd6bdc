"""`manage.py deployment report|log|status`: deployments from a machine that has this database, without HTTP.

manage.py deployment report checkout-api FAILED --commit a41f9c2 --log build.log   prints the deployment's id
make 2>&1 | manage.py deployment log ID                                             adds to its log
manage.py deployment status ID [RUNNING]                                            shows it, or reports a new one
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, BinaryIO
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from intelligence.fleet import deployments
from intelligence.fleet.serializers import DeploymentNew
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import Deployment, Service, Status
from providers.exceptions import AIServiceError
from providers.trail import audit

PIECE = 1024 * 1024


class Command(BaseCommand):
    help = "Reports deployments that happened elsewhere, their logs and how they end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        report = acts.add_parser("report", help="record a deployment; prints its id")
        report.add_argument("service", help="name or id")
        report.add_argument("status", choices=Status.values)
        for name in ("commit", "branch", "environment", "external-id"):
            report.add_argument(f"--{name}", default="")
        report.add_argument("--log", default="", help="a file, or - for what is piped in")
        log = acts.add_parser("log", help="add to a deployment's log")
        log.add_argument("deployment")
        log.add_argument("file", nargs="?", default="-")
        status = acts.add_parser("status", help="show a deployment, or report its new status")
        status.add_argument("deployment")
        status.add_argument("status", nargs="?", choices=Status.values)
        status.add_argument("--reason", default="")

    def handle(self, *args: Any, act: str, **options: Any) -> str:
        try:
            with audit.because("manage.py deployment"):
                return {"report": report, "log": log, "status": status}[act](options)
        except AIServiceError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error


def report(options: dict[str, Any]) -> str:
    given = {name: options[name] for name in ("status", "commit", "branch", "environment", "external_id")}
    form = DeploymentNew(data={name: value for name, value in given.items() if value})
    if not form.is_valid():
        raise CommandError("; ".join(f"{name}: {found[0]}" for name, found in form.errors.items()))
    pieces = read(options["log"]) if options["log"] else iter(())
    made = deployments.report(service_called(options["service"]), None, **form.validated_data)
    append(made, pieces)
    return str(made.pk)


def log(options: dict[str, Any]) -> str:
    found = deployment_called(options["deployment"])
    append(found, read(options["file"]))
    found.refresh_from_db()
    return f"{found.log_lines} lines, {found.log_bytes} bytes"


def status(options: dict[str, Any]) -> str:
    found = deployment_called(options["deployment"])
    if options["status"]:
        found = deployments.reported(found, options["status"], options["reason"])
    told = f"{found.status} {found.service.name} {found.commit or found.branch}".strip()
    return f"{told}: {found.reason}" if found.reason else told


def append(deployment: Deployment, pieces: Iterator[bytes]) -> None:
    masks = redactor()
    for piece in pieces:
        logbook.append(deployment.pk, piece, masks)


def read(name: str) -> Iterator[bytes]:
    """A file or what is piped in, in pieces that end at a line end where there is one."""
    if name == "-":
        yield from pieces_of(sys.stdin.buffer)
        return
    with open(name, "rb") as file:  # noqa: PTH123 - a path as it was typed
        yield from pieces_of(file)


def pieces_of(stream: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while piece := stream.read1(PIECE):  # type: ignore[attr-defined]
        whole, end, after = (rest + piece).rpartition(b"\n")
        if end:
            yield whole + end
        rest = after
    if rest:
        yield rest


def service_called(name: str) -> Service:
    found = Service.objects.filter(name__iexact=name).first() or by_id(Service, name)
    if found is None:
        raise CommandError(f"There is no service {name!r}.")
    return found


def deployment_called(name: str) -> Deployment:
    found = by_id(Deployment, name)
    if found is None:
        raise CommandError(f"There is no deployment {name!r}.")
    return found


def by_id(model: Any, name: str) -> Any:
    try:
        return model.objects.filter(pk=UUID(name)).first()
    except ValueError:
        return None
