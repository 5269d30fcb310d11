"""Where usage is sent: Airflow's connection `meterbridge_platform`, else METERBRIDGE_CONNECTION_PLATFORM.

Of the connection, host is the API's whole address, login the client's id, password its secret.
"""

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from pipeline.targets.sender import Sender, from_environment


def sender() -> Sender | None:
    """Find who sends to the billing platform; None where there is no connection."""
    try:
        found = Connection.get("meterbridge_platform")
    except AirflowNotFoundException:
        return from_environment()
    return Sender.of(found.host or "", found.login, found.password)
