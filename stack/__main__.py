"""The stack's commands: `python -m stack up|down|demo|status`."""

import signal
import sys
from types import FrameType

import click
from sqlalchemy import make_url

from stack import local
from stack.client import ask_health
from stack.postgres import create_databases
from stack.settings import StackError, read_settings


@click.group()
def main() -> None:
    """Run Meterbridge on this machine: PostgreSQL and Airflow on 127.0.0.1."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)


@main.command()
def up() -> None:
    """Start the stack and leave it running."""
    stack = local.up(read_settings(), click.echo)
    click.echo(f"Airflow: {stack.settings.url}  user: {stack.user}  password: {stack.password}")
    click.echo(f"inbox: {stack.settings.inbox}")
    click.echo(f"usage store: {make_url(stack.store_url).render_as_string()}")
    click.echo("DAGs start paused: unpause them in the web UI. `make down` stops the stack.")


@main.command()
def down() -> None:
    """Stop the stack."""
    local.down(read_settings(), click.echo)


@main.command()
def demo() -> None:
    """Run three months of real data through Airflow, print what came out, and stop."""
    from stack.demo import run  # noqa: PLC0415 the pipeline's libraries take a second that `down` need not wait for

    run(read_settings())


@main.command()
def databases() -> None:
    """Create both databases on the server of METERBRIDGE_POSTGRES where they are missing."""
    server = read_settings().server
    if server is None:
        raise StackError("METERBRIDGE_POSTGRES is not set: name the server, as postgresql://user@host:port/")
    create_databases(make_url(server))


@main.command()
def status() -> None:
    """Tell what runs, and the health of Airflow's components."""
    settings = read_settings()
    running = local.running(settings)
    click.echo(f"running: {', '.join(running) or 'nothing'}")
    health = ask_health(settings.url) if "api-server" in running else {}
    for component, state in health.items():
        click.echo(f"{component}: {state}")


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """End like Ctrl-C does, so that whatever was started is stopped on the way out."""
    raise KeyboardInterrupt(f"signal {number}")


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except StackError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
