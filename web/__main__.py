"""The whole command line: the steps', and the API's own commands. `python -m web` where it is not installed."""

from pipeline.cli import cli, main
from web.serve import COMMANDS

for command in COMMANDS:
    cli.add_command(command)

if __name__ == "__main__":
    main()
