"""The log-in of clients: OAuth client credentials."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form

from web.documented import CALLS
from web.models.token import TokenAnswer
from web.refusals import RefusedError
from web.services import ServicesDep

router = APIRouter(tags=["log-in"], responses=CALLS)
Field = Annotated[str, Form(max_length=1000)]


@router.post("/oauth/token")
def token(services: ServicesDep, client_id: Field, client_secret: Field, grant_type: Field) -> TokenAnswer:
    """Give a client an access token for its secret; it is good for an hour."""
    if grant_type != "client_credentials":
        raise RefusedError(400, "unsupported_grant_type", "grant_type must be client_credentials")
    given = services.clients.token(client_id, client_secret, datetime.now(UTC)) if services.clients else None
    if given is None:
        raise RefusedError(401, "invalid_client", "there is no such client, or the secret is not its own")
    scope = given.role.name.lower()
    return TokenAnswer(access_token=given.text, expires_in=given.seconds, scope=scope, jti=given.token_id)
