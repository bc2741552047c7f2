"""The code of the README runs."""

import re
import sys
import types
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_code_runs(monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        module = types.ModuleType(f"readme_{number}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(block, str(README), "exec"), module.__dict__)
    assert module.fragile(0.5, 1.0) is True
