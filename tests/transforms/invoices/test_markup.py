import pytest

from transforms.invoices.markup import escaped, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Mill\n&\tSons ", "Mill & Sons"),
        ("a\x1b[2Jb\x00c", "a\ufffd[2Jb\ufffdc"),
        ("\x85end\u2028", "\ufffdend"),
        ("Mühle 磨坊", "Mühle 磨坊"),
    ],
)
def test_text_is_one_line_without_control_characters(text, line):
    assert one_line(text) == line


def test_nothing_in_a_text_is_markup():
    assert escaped("""<script>"Mill" & 'Sons'</script>""") == (
        "&lt;script&gt;&quot;Mill&quot; &amp; &#x27;Sons&#x27;&lt;/script&gt;"
    )
