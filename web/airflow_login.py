"""Airflow's own log-in: the one file that uses Airflow's internal security module."""

from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user
from fastapi import HTTPException
from fastapi.security import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from web.callers import Caller, Role, bearer


async def log_in(request: Request) -> Caller | None:
    """Tell who is logged in to Airflow, by a token or by the web UI's cookie."""
    token = bearer(request)
    credentials = HTTPAuthorizationCredentials(scheme="Bearer", credentials=token) if token else None
    try:
        user = await get_user(request, None, credentials)
    except HTTPException:
        return None
    role = await run_in_threadpool(role_of, user)
    return None if role is None else Caller(f"airflow:{user.get_name()}"[:100], role, by_cookie=token is None)


def role_of(user: BaseUser) -> Role | None:
    """Map what Airflow lets a user do: who manages connections is an admin, who starts runs of any DAG an editor."""
    manager: Any = get_auth_manager()
    if manager.is_authorized_connection(method="DELETE", user=user):
        return Role.ADMIN
    if _runs(manager, "POST", user):
        return Role.EDITOR
    return Role.VIEWER if _runs(manager, "GET", user) else None


def _runs(manager: Any, method: str, user: BaseUser) -> bool:  # noqa: ANN401 each auth manager has users of its own
    return bool(manager.is_authorized_dag(method=method, access_entity=DagAccessEntity.RUN, user=user))
