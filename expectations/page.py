"""The report of a validation: the content blocks of Great Expectations' Data Docs in one file that opens offline.

The page that Great Expectations itself puts around them loads styles and scripts from the network and carries the time
of rendering; this one has its styles inside and is the same, byte by byte, for the same result. Importing this module
takes seconds, because it imports Great Expectations: do so when there is a result to render.
"""

from html import escape
from itertools import count
from typing import Any

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import BytecodeCache, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><title>{{ title }}</title><style>{{ style | safe }}</style></head>
<body><h1>{{ title }}</h1>
{% for section in sections %}{% set section_loop = loop %}{% include "section.j2" %}{% endfor %}
</body>
</html>
"""

# Links are dead in a page that stands alone (they lead to a site that is not built), so they look and act like text.
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h5 { font-size: 1.15rem; margin: 1.2rem 0 .3rem; } ul { list-style: none; padding: 0; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; }
td, th { border: 1px solid #8885; padding: .3rem .6rem; text-align: left; vertical-align: top; }
a { color: inherit; pointer-events: none; text-decoration: none; } .cooltip .top { display: none; }
.badge { background: #8882; border-radius: .3rem; padding: 0 .4rem; }
.fa-check-circle::before { content: "\\2714"; color: #17803d; }
.fa-times::before, .fa-exclamation-triangle::before { content: "\\2718"; color: #b91c1c; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6; } }
"""


class _Compiled(BytecodeCache):
    """Templates that are compiled once for all pages of a process: to compile them takes longer than to fill them."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template that is known."""
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = _Compiled()


class _OfflineView(DefaultJinjaPageView):
    """The view of Great Expectations, with values of the data escaped and element ids counted instead of random."""

    def __init__(self) -> None:
        super().__init__()
        self.env.bytecode_cache = COMPILED
        self._ids = count(1)

    @pass_context
    def render_content_block(self, jinja_context: Context, content_block: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 nested lists, dicts and texts; the base class names no narrower type
        """Escape plain text: the base class would put a value such as `<script>` into the page as it is."""
        return super().render_content_block(jinja_context, _escaped(content_block), *args, **options)

    def generate_html_element_uuid(self, prefix: str | None = None) -> str:
        """Count the elements, so that the same result gives the same page."""
        return f"{prefix or ''}{next(self._ids)}"


def _escaped(block: Any) -> Any:  # noqa: ANN401 as above
    """Escape a text and the texts of a list; blocks are rendered by their own templates, which come back here."""
    if isinstance(block, list):
        return [_escaped(element) for element in block]
    return escape(block) if isinstance(block, str) else block


def page(result: ExpectationSuiteValidationResult, title: str) -> str:
    """Render one validation result as an HTML document."""
    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result).to_json_dict()
    template = _OfflineView().env.from_string(PAGE)
    return template.render({**document, "title": title, "style": STYLE})
