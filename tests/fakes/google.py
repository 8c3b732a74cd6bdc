"""Gemini as the fake upstream speaks it: generateContent and its stream, API v1."""

from typing import Any

from tests.fakes.calling import Offer, gemini_complaint, gemini_offer
from tests.fakes.dialect import Answer, Dialect, sse

ARGUMENTS = set(
    "contents systemInstruction generationConfig tools toolConfig safetySettings cachedContent".split()
)
CONFIG = set(
    "temperature topP topK maxOutputTokens stopSequences candidateCount responseMimeType responseSchema "
    "responseJsonSchema thinkingConfig seed presencePenalty frequencyPenalty".split()
)
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
GOOGLE_RPC = "type.googleapis.com/google.rpc."


class GeminiDialect(Dialect):
    path = "/gemini/v1/models/{model_and_verb}"
    models_path = "/gemini/v1/models"
    key_header = "x-goog-api-key"
    broken_event = b'data: {"candidates": [{"con\n\n'

    def key_refusal(self, shown: str) -> tuple[int, dict[str, Any]]:
        body = self.error(400, "API key not valid. Please pass a valid API key.")
        body["error"]["details"] = [{"@type": f"{GOOGLE_RPC}ErrorInfo", "reason": "API_KEY_INVALID"}]
        return 400, body

    def headers(self, status: int) -> dict[str, str]:
        return {}  # the wait stands in the body

    def model(self, body: dict[str, Any], path: str) -> str:
        return path.rpartition("/")[2].partition(":")[0]

    def streams(self, body: dict[str, Any], path: str) -> bool:
        return path.endswith(":streamGenerateContent")

    def refuse(self, headers: Any, body: dict[str, Any]) -> tuple[int, str] | None:
        """Status and message where Gemini would refuse that request."""
        config = body.get("generationConfig") or {}
        unknown = sorted((set(body) - ARGUMENTS) | (set(config) - CONFIG))
        if unknown:
            return 400, f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.'
        contents = body.get("contents")
        if not contents or not all(one.get("parts") for one in contents):
            return 400, "contents is not specified"
        if any(one.get("role") not in ("user", "model") for one in contents):
            return 400, "Please use a valid role: user, model."
        if config.get("responseJsonSchema") and config.get("responseMimeType") != "application/json":
            return 400, "responseJsonSchema needs responseMimeType application/json"
        if not 0 <= (config.get("temperature") or 0) <= 2:
            return 400, "Unable to submit request because it has a temperature value outside of the range."
        complaint = gemini_complaint(body)
        return (400, complaint) if complaint else None

    def offer(self, body: dict[str, Any]) -> Offer:
        return gemini_offer(body)

    def schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        return (body.get("generationConfig") or {}).get("responseJsonSchema")

    def limit(self, body: dict[str, Any]) -> int | None:
        return (body.get("generationConfig") or {}).get("maxOutputTokens")

    def system(self, body: dict[str, Any]) -> str:
        return _text(body.get("systemInstruction") or {})

    def question(self, body: dict[str, Any]) -> str:
        return _text(body["contents"][-1])

    def prompt_text(self, body: dict[str, Any]) -> str:
        return " ".join([self.system(body), *(_text(one) for one in body["contents"])])

    def error(self, status: int, message: str) -> dict[str, Any]:
        details = [{"@type": f"{GOOGLE_RPC}RetryInfo", "retryDelay": "13s"}] if status == 429 else []
        name = STATUS.get(status, "INTERNAL")
        return {"error": {"code": status, "message": message, "status": name, "details": details}}

    def error_event(self) -> bytes:
        return sse(self.error(503, "The model is overloaded"))

    def emptied(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name != "candidates"}

    def _part(self, answer: Answer, text: str | None, finish: str = "") -> dict[str, Any]:
        content = {"role": "model"} | ({"parts": [{"text": text}]} if text is not None else {})
        candidate: dict[str, Any] = {"content": content, "index": 0}
        if finish:
            candidate["finishReason"] = "MAX_TOKENS" if finish == "length" else "STOP"
        data = {"candidates": [candidate], "modelVersion": answer.model, "responseId": answer.id}
        if answer.reports_usage:
            data["usageMetadata"] = self._usage(answer)
        return data

    def _usage(self, answer: Answer) -> dict[str, Any]:
        """Three of the output's tokens are thoughts, which stand beside the candidates' ones."""
        lie = not isinstance(answer.tokens_out, int) or not 0 <= answer.tokens_out < 10**9
        thoughts = 0 if lie else min(3, answer.tokens_out)
        written = answer.tokens_out if lie else answer.tokens_out - thoughts
        whole = answer.tokens_in if lie else answer.tokens_in + answer.tokens_out
        counts = {"promptTokenCount": answer.tokens_in, "candidatesTokenCount": written, "totalTokenCount": whole}
        return counts | ({"thoughtsTokenCount": thoughts} if thoughts else {})

    def whole(self, answer: Answer) -> dict[str, Any]:
        return self._with_calls(self._part(answer, answer.text, answer.finish), answer)

    def _with_calls(self, data: dict[str, Any], answer: Answer) -> dict[str, Any]:
        """Calls stand beside the text, whole; the first is signed."""
        parts = data["candidates"][0]["content"].setdefault("parts", [])
        for at, call in enumerate(answer.calls):
            part: dict[str, Any] = {"functionCall": {"id": call.id, "name": call.name, "args": call.values}}
            parts.append(part | ({"thoughtSignature": "c2lnbmVk"} if at == 0 else {}))
        return data

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Events before, with and after the text. There is no end mark."""
        thought = self._part(answer, "Let me think.")
        thought["candidates"][0]["content"]["parts"][0]["thought"] = True
        deltas = [sse(self._part(answer, piece)) for piece in answer.pieces]
        return [sse(thought)], deltas, [sse(self._with_calls(self._part(answer, "", answer.finish), answer))]

    def models(self, ids: list[str]) -> dict[str, Any]:
        rows = [
            {"name": f"models/{one}", "version": "001", "supportedGenerationMethods": ["generateContent"]}
            for one in ids
        ]
        embedding = {"name": "models/fake-embedding", "supportedGenerationMethods": ["embedContent"]}
        return {"models": [*rows, embedding]}


def _text(content: dict[str, Any]) -> str:
    return " ".join(str(part.get("text")) for part in content.get("parts", ()))
