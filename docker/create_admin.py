"""Create the first administrator from METERBRIDGE_ADMIN_USER and METERBRIDGE_ADMIN_PASSWORD, unless there is one.

Airflow's own command takes the password as an argument, where every user of the machine can read it.
"""

import os
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder


def main() -> str:
    """Give what was done; an existing user keeps its password."""
    user = os.environ["METERBRIDGE_ADMIN_USER"]
    with get_application_builder() as builder:
        security = builder.sm
        if security.find_user(user):
            return f"administrator {user} exists"
        created = security.add_user(
            user,
            "Meterbridge",
            "Administrator",
            os.environ["METERBRIDGE_ADMIN_EMAIL"],
            security.find_role("Admin"),
            os.environ["METERBRIDGE_ADMIN_PASSWORD"],
        )
        if not created:
            sys.exit(f"administrator {user} could not be created")
        return f"administrator {user} created"


if __name__ == "__main__":
    sys.stdout.write(f"{main()}\n")
