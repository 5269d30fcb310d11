"""A billing period on the command line."""

import click

from transforms.period import Period


class PeriodType(click.ParamType[Period]):
    """A billing period on the command line, such as 2014-02."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        """Read the period; a wrong one is a usage error."""
        try:
            return Period.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


period = click.argument("period", type=PeriodType())
