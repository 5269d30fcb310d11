"""Which refusals a route may answer with, for the OpenAPI document."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from web.models.shape import ObjectRefusal, Refusal

ANY_ROUTE = {
    400: "the request is malformed, or a rule refuses it",
    401: "nobody is logged in",
    403: "the caller's role does not allow it",
    413: "the request is too large",
    429: "too many calls in this minute",
    500: "an unexpected error; the answer bears a track id and nothing else",
    503: "the usage store does not answer now, or is not migrated",
}
KEYED = {409: "the same call is being carried out, or broke off", 422: "the Idempotency-Key belongs to another request"}
Responses = dict[int | str, dict[str, Any]]


def refusals(model: type[BaseModel], more: dict[int, str] | None = None) -> Responses:
    """Describe the refusals that every route knows, and more."""
    return {status: {"model": model, "description": text} for status, text in (ANY_ROUTE | (more or {})).items()}


CALLS = refusals(Refusal)
KEYED_CALLS = refusals(Refusal, KEYED)
OBJECTS = refusals(ObjectRefusal)
KEYED_OBJECTS = refusals(ObjectRefusal, KEYED)


def leave_out_unused(app: FastAPI) -> None:
    """Take FastAPI's own answer to malformed requests out of the document: here they are answered 400."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        document = build()
        for operations in document["paths"].values():
            for operation in operations.values():
                if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                    del operation["responses"]["422"]
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI has it done
