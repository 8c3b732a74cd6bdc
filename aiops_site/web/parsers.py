"""What a JSON body may be: one object in UTF-8, of whole characters. All else is one sentence."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class JsonParser(BaseParser):
    """REST framework's own fails on deep nesting, and hands on halves of surrogate pairs and lists."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Errors: ParseError with the sentence, RequestDataTooBig."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise RequestDataTooBig
        try:
            given = json.loads(body.decode(), parse_constant=_no_constant)
            json.dumps(given, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ParseError("The body holds half of a surrogate pair.") from None
        except (ValueError, RecursionError):
            raise ParseError("The body is not JSON.") from None
        if not isinstance(given, dict):
            raise ParseError("The body must be a JSON object of fields.")
        return given


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
