"""Access tokens."""

from typing import Literal

from pydantic import BaseModel, Field


class TokenAnswer(BaseModel):
    """An access token, to be sent as `Authorization: Bearer`."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 the kind of token, no secret
    expires_in: int = Field(description="seconds")
    scope: str
    jti: str
