"""Usage files on the command line: upload one, list the imports, cancel one that waits, write the template."""

from pathlib import Path

import click
import sqlalchemy as sa

from pipeline.commands.who import user, why
from pipeline.layout import table
from pipeline.steps import Workspace
from pipeline.store import imports as kept
from pipeline.uploads.cancel import cancel
from pipeline.uploads.process import process
from pipeline.uploads.submit import Upload, submit
from pipeline.uploads.template import template as write_template
from transforms.upload.dates import Locale

LISTED = ("import_id", "source_type", "status", "imported_count", "total_count", "name", "created_by", "created_at")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--locale",
    type=click.Choice([each.value for each in Locale]),
    default=Locale.US.value,
    show_default=True,
    help="How dates are written; YYYY-MM-DD is always understood.",
)
@click.option("--repeat", "repeat_reason", metavar="REASON", default="", help="Load the same usage once more, and why.")
def upload(file: Path, locale: str, repeat_reason: str) -> None:
    """Check FILE (CSV, XLS, XLSX or a ZIP of one) and load it as a whole, or not at all."""
    workspace = Workspace.open()
    sent = Upload(file.name, file, locale)
    submitted = submit(workspace.store, workspace.home, sent, by=user(), repeat_reason=repeat_reason)
    click.echo(f"import {submitted.import_id}: {submitted.outcome}")
    found = process(workspace.store, workspace.catalog, workspace.home, submitted.import_id)
    click.echo(describe(found))
    if found["status"] != "Completed":
        raise click.exceptions.Exit(1)


@click.command("imports")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many to list.")
def list_imports(limit: int) -> None:
    """List the imports, the newest first."""
    with Workspace.open(whole_catalog=False).store.begin() as connection:
        found = kept.listed(connection, limit=limit)
    click.echo(table(LISTED, [[row[name] for name in LISTED] for row in found]))


@click.command("cancel-import")
@click.argument("import_id")
@why
def cancel_import(import_id: str, reason: str) -> None:
    """Cancel IMPORT_ID, an upload that is still Pending: nothing of it will be loaded."""
    cancel(Workspace.open(whole_catalog=False).store, import_id, by=user(), reason=reason)
    click.echo(f"import {import_id}: cancelled")


@click.command()
def template() -> None:
    """Print a usage file to fill in: the header with all columns, and an example row."""
    catalog = Workspace.open().catalog
    click.echo(write_template(sorted(catalog.units.units), sorted(catalog.custom_fields)), nl=False)


def describe(found: sa.RowMapping) -> str:
    """Say what became of an import, with its first problems or cautions."""
    lines = [f"{found['status']}: {found['imported_count']} of {found['total_count']} rows loaded"]
    lines += [found["status_reason"]] if found["status_reason"] else []
    lines += [f"caution: {each}" for each in found["validation"].get("listed", [])]
    lines += [f"every row: {found['result_path']}, below the home's imports"] if found["result_path"] else []
    return "\n".join(lines)


COMMANDS: tuple[click.Command, ...] = (upload, list_imports, cancel_import, template)
