"""What a fault's report shows where DEBUG is on, or where it is mailed: frames, but no secret in them."""

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from aiops_site.operation.logs import scrub


class Filter(SafeExceptionReporterFilter):
    """Django hides settings by their names; this hides the variables of every frame by the same names too."""

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> list[tuple[str, Any]]:
        found = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self.cleanse_setting(name, value)) for name, value in found]


class Reporter(ExceptionReporter):
    """What looks like a credential is masked wherever it stands, in the exception's own words as well."""

    def get_traceback_html(self) -> str:
        return scrub(super().get_traceback_html())

    def get_traceback_text(self) -> str:
        return scrub(super().get_traceback_text())
