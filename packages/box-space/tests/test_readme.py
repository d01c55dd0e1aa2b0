import re
from pathlib import Path

import pytest
from box_space import Box, BoxTextError

README = Path(__file__).parents[1] / "README.md"


def test_the_example_gives_what_its_comments_say():
    code = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    body, refused = code.rstrip().rsplit("\n", 1)
    names = {}
    exec(body, names)
    shown = re.findall(r"^([^#=\n]+?) +# (.+)$", body, re.MULTILINE)
    for expression, comment in shown:
        value = eval(expression, names)
        assert comment.startswith(str(round(value, 3)) if isinstance(value, float) else repr(value))
    assert len(shown) == 4
    assert isinstance(names["box"], Box)
    with pytest.raises(BoxTextError) as error:
        eval(refused.split("#")[0].strip(), names)
    assert f'"{error.value.reason}"' in refused
