"""Files that the patches change."""
# ruff: noqa: E501

Row = tuple[str, str, str | None, str | None]
PY_TEST = "import pytest\nfrom shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n\n\ndef test_empty():\n    assert total([]) == 0\n"
JS_TEST = "const { total } = require('../shop');\n\ndescribe('total', () => {\n  it('adds', () => {\n    expect(total([1, 2])).toBe(3);\n  });\n});\n"
GO_TEST = 'package shop\n\nimport "testing"\n\nfunc TestTotal(t *testing.T) {\n\tif Total(1, 2) != 3 {\n\t\tt.Fatal("wrong")\n\t}\n}\n'
JAVA_TEST = "class TotalTest {\n  @Test\n  void adds() {\n    assertEquals(3, total(1, 2));\n  }\n}\n"
RS_TEST = (
    "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(total(1, 2), 3);\n    }\n}\n"
)
RB_TEST = "describe Shop do\n  it 'adds' do\n    expect(total(1, 2)).to eq(3)\n  end\nend\n"
PHP_TEST = "<?php\nclass TotalTest extends TestCase {\n    public function testAdds() {\n        $this->assertEquals(3, total(1, 2));\n    }\n}\n"
PKG = '{\n  "name": "shop",\n  "scripts": {\n    "test": "jest",\n    "build": "tsc -p ."\n  }\n}\n'
MAKE = "test:\n\tpytest -q\n\nbuild:\n\tpython -m build\n"
SH = "#!/bin/sh\nset -e\npython manage.py migrate\npytest\n"
CODE = "import json\n\n\ndef load(path):\n    return json.loads(open(path).read())\n"
JS = "async function load(url) {\n  const answer = await fetch(url);\n  return answer.json();\n}\n"
TOML = '[tool.coverage.report]\nfail_under = 85\n\n[tool.pytest.ini_options]\naddopts = "-q"\n'
DOCKER = "FROM python:3.11\nCOPY . .\nRUN pip install -r requirements.txt\nRUN pytest\nHEALTHCHECK CMD curl -f http://localhost:8000/healthz\n"


def swap(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new)
