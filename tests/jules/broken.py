"""Broken repositories, each with the commands that show it, and what mends it. Real tools, real logs."""
# ruff: noqa: E501

from dataclasses import dataclass

# What stands in for a package index without a network: a package is there when the requirements name it.
INSTALL = """import pathlib, re, sys
shelf = {"requests-oauthlib": ("requests_oauthlib", ["1.3.1", "2.0.0"]), "scikit-learn": ("sklearn", ["1.5.0"]),
         "pyyaml": ("yaml", ["6.0.2"]), "gunicorn": ("gunicorn", ["22.0.0"])}
pathlib.Path("site").mkdir(exist_ok=True)
for line in pathlib.Path("requirements.txt").read_text().splitlines():
    name, _, pin = line.partition("==")
    known = shelf.get(name.strip().lower())
    if known is None:
        print(f"ERROR: Could not find a version that satisfies the requirement {name} (from versions: none)")
        sys.exit(f"ERROR: No matching distribution found for {line}")
    if pin and pin not in known[1]:
        print(f"ERROR: Could not find a version that satisfies the requirement {line} (from versions: {', '.join(known[1])})")
        sys.exit(f"ERROR: No matching distribution found for {line}")
    pathlib.Path("site", known[0] + ".py").write_text(f"version = {pin!r}\\n")
    pathlib.Path("site", name.lower()).write_text("#!/bin/sh\\necho serving\\n")
    pathlib.Path("site", name.lower()).chmod(0o755)
"""
PORT_CHECK = """import os, subprocess, sys, time, socket
port = 18431
server = subprocess.Popen(sys.argv[1:], env={**os.environ, "PORT": str(port)})
for _ in range(100):
    if server.poll() is not None: sys.exit("the service ended: did not bind to $PORT")
    try: socket.create_connection(("127.0.0.1", port), 0.2).close(); server.kill(); sys.exit(0)
    except OSError: time.sleep(0.02)
server.kill(); sys.exit("Web process failed to bind to $PORT")
"""
MIGRATE = """import sqlite3, sys
db = sqlite3.connect("db.sqlite3")
if sys.argv[1] == "migrate": db.execute("create table orders (id integer)"); print("Applied 0001_orders")
if sys.argv[1] == "runserver": print(db.execute("select count(*) from orders").fetchone())
"""


@dataclass(frozen=True)
class Broken:
    recipe: str
    files: dict[str, str]
    check: str
    build: str = ""
    file: str = ""
    holds: str = ""


PYTHON = {"install.py": INSTALL, "app.py": "import requests_oauthlib\nprint('up')\n", "requirements.txt": ""}
RUN = "PYTHONPATH=site python3 app.py"
BROKEN = [
    Broken("python_module", PYTHON, RUN, "python3 install.py", "requirements.txt", "requests-oauthlib"),
    Broken("wrong_pin", {**PYTHON, "requirements.txt": "requests-oauthlib==1.9.9\n"}, RUN, "python3 install.py",
           "requirements.txt", "requests-oauthlib==1.3.1"),
    Broken("wrong_package_name", {**PYTHON, "app.py": "import sklearn\n", "requirements.txt": "sklearn\n"}, RUN,
           "python3 install.py", "requirements.txt", "scikit-learn"),
    Broken("missing_command", {**PYTHON, "app.py": "", "start.sh": "PATH=site:$PATH\ngunicorn app\n"}, "sh start.sh",
           "python3 install.py", "requirements.txt", "gunicorn"),
    Broken("moved_file", {"src/server.py": "print('up')\n", "start.sh": "python3 app/server.py\n"}, "sh start.sh",
           "", "start.sh", "python3 src/server.py"),
    Broken("node_script", {"package.json": '{\n  "name": "shop",\n  "main": "app.js"\n}\n',
                           "app.js": "console.log('up')\n"}, "npm start --offline", "", "package.json", '"start": "node app.js"'),
    Broken("node_module", {"package.json": '{\n  "name": "shop",\n  "dependencies": {}\n}\n',
                           "install.js": "const d = require('./package.json').dependencies; const fs = require('fs');"
                                         "for (const n in d) { fs.mkdirSync('node_modules/' + n, {recursive: true});"
                                         "fs.writeFileSync('node_modules/' + n + '/index.js', 'module.exports = 1') }",
                           "server.js": "require('express'); console.log('up')\n"}, "node server.js", "node install.js",
           "package.json", '"express"'),
    Broken("node_modules_kind", {"package.json": '{\n  "name": "shop"\n}\n',
                                 "server.js": "import { sep } from 'path'\nconsole.log(sep)\n"},
           "node --no-experimental-detect-module server.js", "",
           "package.json", '"type": "module"'),
    Broken("broken_json", {"package.json": '{\n  "name": "shop",\n  "scripts": {"start": "node server.js",}\n}\n',
                           "server.js": "console.log('up')\n"}, "npm start --offline", "", "package.json", 'server.js"}'),
    Broken("not_executable", {"bin/run.sh": "#!/bin/sh\necho up\n", "Makefile": "start:\n\t./bin/run.sh\n",
                              "start.sh": "./bin/run.sh\n"}, "sh start.sh", "", "start.sh", "sh bin/run.sh"),
    Broken("missing_migration", {"manage.py": MIGRATE, "start.sh": "python3 manage.py runserver\n"}, "sh start.sh", "",
           "start.sh", "manage.py migrate"),
    Broken("python_port", {"port_check.py": PORT_CHECK, "app.py": "from http.server import HTTPServer, BaseHTTPRequestHandler\n"
                           "HTTPServer(('127.0.0.1', 8000), BaseHTTPRequestHandler).serve_forever()\n"},
           "python3 port_check.py python3 app.py", "", "app.py", 'os.environ.get("PORT", "8000")'),
    Broken("node_port", {"port_check.py": PORT_CHECK, "server.js": "require('http').createServer().listen(3000)\n"},
           "python3 port_check.py node server.js", "", "server.js", "process.env.PORT || 3000"),
    Broken("mixed_tabs", {"app.py": "def f():\n    if True:\n\treturn 1\n        return 2\n\n\nprint(f())\n"}, "python3 app.py", "",
           "app.py", "        return 1"),
    Broken("forgotten_import", {"app.py": "def up():\n    return json.dumps({})\n\n\nprint(up())\n"}, "python3 app.py",
           "", "app.py", "import json"),
]  # fmt: skip
