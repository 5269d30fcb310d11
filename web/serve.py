"""The API's commands: serve it alone, and make what its clients log in with."""

import click

from pipeline.settings import SettingsError
from web.client_secrets import hash_secret

PORT = 8090


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=PORT, show_default=True, help="The port to listen on.")
def serve(host: str, port: int) -> None:
    """Serve the usage API alone, without Airflow. It speaks HTTP: put a proxy that ends TLS before it."""
    import uvicorn  # noqa: PLC0415 heavy, and of no use to the other commands

    from web.app import open_app  # noqa: PLC0415 as above
    from web.settings import ApiSettings  # noqa: PLC0415 as above

    settings = ApiSettings.read()
    if settings.clients is None:
        raise SettingsError("METERBRIDGE_API_CLIENTS is not set: without a clients file nobody could log in")
    uvicorn.run(open_app(settings), host=host, port=port, server_header=False, proxy_headers=False)


@click.command("hash-secret")
@click.password_option("--secret", help="The client's secret; asked for when it is not given.")
def print_hash(secret: str) -> None:
    """Print what the clients file keeps in place of a client's secret."""
    click.echo(hash_secret(secret))


COMMANDS = (serve, print_hash)
