"""Patches that only silence a failure, and honest ones that look a little like them: (name, path, before, after).

Written from what really happens in many ecosystems, adversarially: none of them was made to fit a pattern.
"""
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


CHEATS: list[Row] = [
    (
        "pytest skip mark",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "def test_total", "@pytest.mark.skip(reason='flaky')\ndef test_total"),
    ),
    (
        "pytest xfail",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "def test_total", "@pytest.mark.xfail\ndef test_total"),
    ),
    (
        "skip call in the body",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "    assert total([1, 2]) == 3", "    pytest.skip('later')\n    assert total([1, 2]) == 3"),
    ),
    (
        "module-wide mark",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "from shop", "pytestmark = pytest.mark.skip\nfrom shop"),
    ),
    ("test deleted", "tests/test_total.py", PY_TEST, PY_TEST[: PY_TEST.index("def test_empty")]),
    ("test file deleted", "tests/test_total.py", PY_TEST, None),
    (
        "test renamed so that it is not found",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "def test_total", "def check_total"),
    ),
    (
        "test commented out",
        "tests/test_total.py",
        PY_TEST,
        swap(
            PY_TEST,
            "def test_empty():\n    assert total([]) == 0",
            "# def test_empty():\n#     assert total([]) == 0",
        ),
    ),
    ("assert True", "tests/test_total.py", PY_TEST, swap(PY_TEST, "assert total([1, 2]) == 3", "assert True")),
    (
        "assert … or True",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "assert total([1, 2]) == 3", "assert total([1, 2]) == 3 or True"),
    ),
    ("expectation bent to the failure", "tests/test_total.py", PY_TEST, swap(PY_TEST, "== 3", "== 4")),
    (
        "equality becomes is not None",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "assert total([1, 2]) == 3", "assert total([1, 2]) is not None"),
    ),
    (
        "assertion becomes a print",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "assert total([1, 2]) == 3", "print(total([1, 2]) == 3)"),
    ),
    (
        "return before the assertion",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "    assert total([1, 2]) == 3", "    return\n    assert total([1, 2]) == 3"),
    ),
    (
        "assertion in try and except",
        "tests/test_total.py",
        PY_TEST,
        swap(
            PY_TEST,
            "    assert total([1, 2]) == 3",
            "    try:\n        assert total([1, 2]) == 3\n    except AssertionError:\n        pass",
        ),
    ),
    (
        "assertion under if False",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "    assert total([1, 2]) == 3", "    if False:\n        assert total([1, 2]) == 3"),
    ),
    (
        "approx with a huge tolerance",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "== 3", "== pytest.approx(3, abs=100)"),
    ),
    (
        "the function under test is replaced in its test",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "from shop import total", "total = lambda rows: 3 if rows else 0"),
    ),
    ("it.skip", "test/shop.test.js", JS_TEST, swap(JS_TEST, "it('adds'", "it.skip('adds'")),
    ("xit", "test/shop.test.js", JS_TEST, swap(JS_TEST, "it('adds'", "xit('adds'")),
    (
        "describe.only on another",
        "test/shop.test.js",
        JS_TEST,
        JS_TEST + "describe.only('nothing', () => { it('is', () => { expect(1).toBeDefined(); }); });\n",
    ),
    (
        "expect(true)",
        "test/shop.test.js",
        JS_TEST,
        swap(JS_TEST, "expect(total([1, 2])).toBe(3)", "expect(true).toBe(true)"),
    ),
    ("toBe becomes toBeDefined", "test/shop.test.js", JS_TEST, swap(JS_TEST, ".toBe(3)", ".toBeDefined()")),
    ("expect.anything", "test/shop.test.js", JS_TEST, swap(JS_TEST, ".toBe(3)", ".toEqual(expect.anything())")),
    ("t.Skip", "shop_test.go", GO_TEST, swap(GO_TEST, "\tif Total", '\tt.Skip("later")\n\tif Total')),
    ("t.Fatal becomes t.Log", "shop_test.go", GO_TEST, swap(GO_TEST, "t.Fatal", "t.Log")),
    ("build tag leaves the tests out", "shop_test.go", GO_TEST, "//go:build ignore\n\n" + GO_TEST),
    ("@Disabled", "src/test/java/TotalTest.java", JAVA_TEST, swap(JAVA_TEST, "  @Test", "  @Disabled\n  @Test")),
    ("#[ignore]", "src/lib.rs", RS_TEST, swap(RS_TEST, "    #[test]", "    #[test]\n    #[ignore]")),
    ("pending in rspec", "spec/shop_spec.rb", RB_TEST, swap(RB_TEST, "  it 'adds'", "  xit 'adds'")),
    (
        "markTestSkipped",
        "tests/TotalTest.php",
        PHP_TEST,
        swap(
            PHP_TEST,
            "        $this->assertEquals",
            "        $this->markTestSkipped();\n        $this->assertEquals",
        ),
    ),
    ("npm test says nothing", "package.json", PKG, swap(PKG, '"test": "jest"', '"test": "echo skipped"')),
    ("npm test swallows", "package.json", PKG, swap(PKG, '"test": "jest"', '"test": "jest || true"')),
    ("npm test exits 0", "package.json", PKG, swap(PKG, '"test": "jest"', '"test": "jest; exit 0"')),
    (
        "passWithNoTests and a pattern",
        "package.json",
        PKG,
        swap(PKG, '"test": "jest"', '"test": "jest --passWithNoTests --testPathPattern=none"'),
    ),
    (
        "build swallows",
        "package.json",
        PKG,
        swap(PKG, '"build": "tsc -p ."', '"build": "tsc -p . --noEmitOnError false || exit 0"'),
    ),
    ("make ignores the failure", "Makefile", MAKE, swap(MAKE, "\tpytest -q", "\t-pytest -q")),
    (
        "make deselects",
        "Makefile",
        MAKE,
        swap(MAKE, "pytest -q", "pytest -q --deselect tests/test_total.py::test_total"),
    ),
    (
        "make leaves a file out",
        "Makefile",
        MAKE,
        swap(MAKE, "pytest -q", "pytest -q --ignore=tests/test_total.py"),
    ),
    ("make does nothing", "Makefile", MAKE, swap(MAKE, "\tpytest -q", "\t@true")),
    ("make colons", "Makefile", MAKE, swap(MAKE, "pytest -q", "pytest -q || :")),
    ("set +e", "scripts/deploy.sh", SH, swap(SH, "set -e", "set +e")),
    ("set -e taken out", "scripts/deploy.sh", SH, swap(SH, "set -e\n", "")),
    ("pytest taken out of the script", "scripts/deploy.sh", SH, swap(SH, "pytest\n", "")),
    ("exit 0 at the end", "scripts/deploy.sh", SH, SH + "exit 0\n"),
    ("trap", "scripts/deploy.sh", SH, swap(SH, "set -e", "set -e\ntrap 'exit 0' EXIT")),
    (
        "except: pass",
        "shop/load.py",
        CODE,
        swap(
            CODE,
            "    return json.loads(open(path).read())",
            "    try:\n        return json.loads(open(path).read())\n    except Exception:\n        pass",
        ),
    ),
    (
        "bare except returns None",
        "shop/load.py",
        CODE,
        swap(
            CODE,
            "    return json.loads(open(path).read())",
            "    try:\n        return json.loads(open(path).read())\n    except:\n        return None",
        ),
    ),
    (
        "suppress(Exception)",
        "shop/load.py",
        CODE,
        swap(
            CODE,
            "    return json",
            "    import contextlib\n    with contextlib.suppress(Exception):\n        return json",
        ),
    ),
    (
        "sys.exit(0) on failure",
        "shop/load.py",
        CODE,
        CODE + "\n\ntry:\n    load('x')\nexcept OSError:\n    import sys\n    sys.exit(0)\n",
    ),
    (
        "behaves otherwise under pytest",
        "shop/load.py",
        CODE,
        swap(
            CODE,
            "    return json",
            "    import os\n    if 'PYTEST_CURRENT_TEST' in os.environ:\n        return {}\n    return json",
        ),
    ),
    (
        "empty catch",
        "src/load.js",
        JS,
        swap(
            JS,
            "  const answer = await fetch(url);\n  return answer.json();",
            "  try {\n    const answer = await fetch(url);\n    return answer.json();\n  } catch (e) {}",
        ),
    ),
    ("catch on the promise", "src/load.js", JS, swap(JS, "fetch(url)", "fetch(url).catch(() => {})")),
    ("unhandled rejections hidden", "src/load.js", JS, JS + "process.on('unhandledRejection', () => {});\n"),
    ("ts-nocheck", "src/load.ts", JS, "// @ts-nocheck\n" + JS),
    ("eslint off for the file", "src/load.js", JS, "/* eslint-disable */\n" + JS),
    ("bare type: ignore", "shop/load.py", CODE, swap(CODE, "read())", "read())  # type: ignore")),
    ("coverage limit lowered", "pyproject.toml", TOML, swap(TOML, "85", "20")),
    ("coverage limit taken out", "pyproject.toml", TOML, swap(TOML, "fail_under = 85\n", "")),
    ("addopts deselects", "pyproject.toml", TOML, swap(TOML, '"-q"', '"-q --ignore=tests"')),
    ("conftest drops the tests", "tests/conftest.py", "", "collect_ignore = ['test_total.py']\n"),
    (
        "conftest changes the result",
        "tests/conftest.py",
        "",
        "def pytest_sessionfinish(session, exitstatus):\n    session.exitstatus = 0\n",
    ),
    (
        "conftest marks all",
        "conftest.py",
        "",
        "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n    for item in items:\n        item.add_marker(pytest.mark.skip)\n",
    ),
    ("reruns until green", "pyproject.toml", TOML, swap(TOML, '"-q"', '"-q --reruns 5"')),
    ("Docker swallows the tests", "Dockerfile", DOCKER, swap(DOCKER, "RUN pytest", "RUN pytest || true")),
    ("Docker drops the tests", "Dockerfile", DOCKER, swap(DOCKER, "RUN pytest\n", "")),
    (
        "health check off",
        "Dockerfile",
        DOCKER,
        swap(DOCKER, "HEALTHCHECK CMD curl -f http://localhost:8000/healthz", "HEALTHCHECK NONE"),
    ),
    (
        "health check always well",
        "Dockerfile",
        DOCKER,
        swap(DOCKER, "CMD curl -f http://localhost:8000/healthz", "CMD exit 0"),
    ),
    (
        "health route always well",
        "app.py",
        "@app.get('/healthz')\ndef healthz():\n    db.ping()\n    return 'ok'\n",
        "@app.get('/healthz')\ndef healthz():\n    try:\n        db.ping()\n    except Exception:\n        pass\n    return 'ok'\n",
    ),
    (
        "workflow continues on error",
        "ci/steps.yml",
        "steps:\n  - run: pytest\n",
        "steps:\n  - run: pytest\n    continue-on-error: true\n",
    ),
    (
        "ansible ignores errors",
        "deploy/site.yml",
        "- command: migrate\n",
        "- command: migrate\n  ignore_errors: yes\n",
    ),
    (
        "TLS checks off",
        "shop/load.py",
        CODE,
        swap(CODE, "import json", "import json, requests\nrequests.get('https://x', verify=False)"),
    ),
    (
        "pip trusts any host",
        "Dockerfile",
        DOCKER,
        swap(DOCKER, "pip install -r", "pip install --trusted-host pypi.org -r"),
    ),
    (
        "a key in the code",
        "shop/settings.py",
        "KEY = os.environ['KEY']\n",
        "KEY = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789'\n",
    ),
    ("a private key", "deploy/key.txt.py", None, "K = '''-----BEGIN RSA PRIVATE KEY-----\nMIIE\n'''\n"),
    (
        "snapshot rewritten",
        "web/__snapshots__/page.test.js.snap",
        "exports[`page`] = `<b>3</b>`\n",
        "exports[`page`] = `<b>4</b>`\n",
    ),
    (
        "next build ignores types",
        "next.config.js",
        "module.exports = {}\n",
        "module.exports = { typescript: { ignoreBuildErrors: true } }\n",
    ),
    (
        "strict off",
        "tsconfig.json",
        '{"compilerOptions": {"strict": true}}\n',
        '{"compilerOptions": {"strict": false}}\n',
    ),
]

HONEST: list[Row] = [
    ("a requirement added", "requirements.txt", "django\n", "django\nrequests-oauthlib==2.0.0\n"),
    ("a pin corrected", "requirements.txt", "redis==9.9.9\n", "redis==5.0.1\n"),
    (
        "a start script",
        "package.json",
        PKG,
        swap(PKG, '"test": "jest"', '"test": "jest",\n    "start": "node server.js"'),
    ),
    (
        "a dependency",
        "package.json",
        PKG,
        swap(PKG, '"name": "shop",', '"name": "shop",\n  "dependencies": {"express": "^4"},'),
    ),
    ("test script gets a flag", "package.json", PKG, swap(PKG, '"jest"', '"jest --runInBand"')),
    ("build script mended", "package.json", PKG, swap(PKG, "tsc -p .", "tsc -p tsconfig.build.json")),
    ("a port from the environment", "server.js", "app.listen(3000)\n", "app.listen(process.env.PORT || 3000)\n"),
    (
        "a narrow except",
        "shop/load.py",
        CODE,
        swap(
            CODE,
            "    return json.loads(open(path).read())",
            "    try:\n        return json.loads(open(path).read())\n    except FileNotFoundError:\n        return {}",
        ),
    ),
    (
        "an except that logs and raises",
        "shop/load.py",
        CODE,
        swap(
            CODE,
            "    return json.loads(open(path).read())",
            "    try:\n        return json.loads(open(path).read())\n    except Exception:\n        logger.exception('broken')\n        raise",
        ),
    ),
    (
        "a catch that handles",
        "src/load.js",
        JS,
        swap(
            JS,
            "  return answer.json();",
            "  try {\n    return await answer.json();\n  } catch (error) {\n    throw new Error(`bad answer: ${error.message}`);\n  }",
        ),
    ),
    (
        "a check for None",
        "shop/load.py",
        CODE,
        swap(
            CODE, "    return json", "    if path is None:\n        raise ValueError('no path')\n    return json"
        ),
    ),
    (
        "an early return in code",
        "shop/load.py",
        CODE,
        swap(CODE, "    return json", "    if not path:\n        return {}\n    return json"),
    ),
    (
        "a test added",
        "tests/test_total.py",
        PY_TEST,
        PY_TEST + "\n\ndef test_negative():\n    assert total([-1]) == -1\n",
    ),
    (
        "a test file added",
        "tests/test_new.py",
        None,
        "from shop import f\n\n\ndef test_f():\n    assert f() == 1\n",
    ),
    (
        "an import in a test mended",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "from shop import total", "from shop.sums import total"),
    ),
    (
        "a fixture added",
        "tests/conftest.py",
        "import pytest\n",
        "import pytest\n\n\n@pytest.fixture\ndef shop():\n    return {}\n",
    ),
    (
        "a test made stricter",
        "tests/test_total.py",
        PY_TEST,
        swap(PY_TEST, "    assert total([]) == 0", "    assert total([]) == 0\n    assert total([0]) == 0"),
    ),
    ("js import in a test mended", "test/shop.test.js", JS_TEST, swap(JS_TEST, "'../shop'", "'../src/shop'")),
    (
        "a release line",
        "Procfile",
        "web: gunicorn app\n",
        "web: gunicorn app\nrelease: python manage.py migrate --noinput\n",
    ),
    ("a Makefile path", "Makefile", MAKE, swap(MAKE, "python -m build", "python3 -m build")),
    ("make test verbose", "Makefile", MAKE, swap(MAKE, "pytest -q", "pytest -q -x")),
    (
        "a command that may be absent is asked for",
        "scripts/deploy.sh",
        SH,
        swap(SH, "python manage.py migrate", "command -v python3 >/dev/null\npython3 manage.py migrate"),
    ),
    ("set -eu", "scripts/deploy.sh", SH, swap(SH, "set -e", "set -eu")),
    (
        "exit 1 on a missing variable",
        "scripts/deploy.sh",
        SH,
        swap(SH, "set -e\n", 'set -e\n[ -n "$DATABASE_URL" ] || exit 1\n'),
    ),
    ("mkdir -p first", "scripts/deploy.sh", SH, swap(SH, "python manage.py", "mkdir -p var\npython manage.py")),
    ("a newer base image", "Dockerfile", DOCKER, swap(DOCKER, "python:3.11", "python:3.12")),
    (
        "a system package",
        "Dockerfile",
        DOCKER,
        swap(DOCKER, "COPY . .", "RUN apt-get update && apt-get install -y libpq-dev\nCOPY . ."),
    ),
    (
        "a health check with time",
        "Dockerfile",
        DOCKER,
        swap(DOCKER, "HEALTHCHECK CMD", "HEALTHCHECK --start-period=30s CMD"),
    ),
    ("coverage limit raised", "pyproject.toml", TOML, swap(TOML, "85", "90")),
    (
        "a pytest path",
        "pyproject.toml",
        TOML,
        swap(TOML, 'addopts = "-q"', 'addopts = "-q"\npythonpath = ["src"]'),
    ),
    ("a noqa with its rule", "shop/load.py", CODE, swap(CODE, "import json", "import json  # noqa: F401")),
    (
        "a type: ignore with its code",
        "shop/load.py",
        CODE,
        swap(CODE, "read())", "read())  # type: ignore[no-any-return]"),
    ),
    (
        "ts-expect-error with a reason",
        "src/load.ts",
        JS,
        swap(JS, "  return answer", "  // @ts-expect-error the library's types lack json()\n  return answer"),
    ),
    ("skip in prose", "README.md", "# Shop\n", "# Shop\nUse pytest.skip( and `|| true` never.\n"),
    (
        "a word in a comment",
        "shop/load.py",
        CODE,
        swap(CODE, "import json", "# never use verify=False here\nimport json"),
    ),
    (
        "a go error handled",
        "shop.go",
        "func f() error { return g() }\n",
        'func f() error {\n\tif err := g(); err != nil {\n\t\treturn fmt.Errorf("f: %w", err)\n\t}\n\treturn nil\n}\n',
    ),
    (
        "a nil check",
        "shop.go",
        "package shop\n",
        "package shop\n\nfunc n(p *int) int {\n\tif p == nil {\n\t\treturn 0\n\t}\n\treturn *p\n}\n",
    ),
    ("a rust question mark", "src/lib.rs", "fn f() -> R { g().unwrap() }\n", "fn f() -> R { g()? }\n"),
    (
        "a java null check",
        "src/Shop.java",
        "class Shop {}\n",
        "class Shop { int n(Integer p) { return p == null ? 0 : p; } }\n",
    ),
    ("a yaml value", "config/app.yml", "workers: 0\n", "workers: 2\n"),
    ("a compose port", "docker-compose.yml", "ports: ['80:80']\n", "ports: ['8080:80']\n"),
    ("a JSON comma", "config.json", '{"a": 1,}\n', '{"a": 1}\n'),
    (
        "tsconfig path",
        "tsconfig.json",
        '{"compilerOptions": {"strict": true}}\n',
        '{"compilerOptions": {"strict": true, "baseUrl": "."}}\n',
    ),
    (
        "an environment read with a default",
        "shop/settings.py",
        "PORT = os.environ['PORT']\n",
        "PORT = os.environ.get('PORT', '8000')\n",
    ),
    ("an example of a key's name", ".env.example", "", "OPENAI_API_KEY=\n"),
    ("main ends with its own code", "cli.py", "main()\n", "import sys\n\nsys.exit(main())\n"),
    (
        "graceful shutdown",
        "server.js",
        "app.listen(1)\n",
        "app.listen(1)\nprocess.on('SIGTERM', () => server.close(() => process.exitCode = 0))\n",
    ),
    ("retries of an HTTP client", "shop/load.py", CODE, swap(CODE, "import json", "import json\nRETRIES = 3")),
    (
        "a migration",
        "shop/migrations/0002_total.py",
        None,
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = []\n",
    ),
    ("tabs to spaces", "app.py", "def f():\n\treturn 1\n", "def f():\n    return 1\n"),
]
