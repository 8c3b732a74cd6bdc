### py_missing_module | MISSING_MODULE | ModuleNotFoundError: No module named
cat > worker.py <<'X'
import json
import stripe_payments
X
echo "starting worker"; python worker.py; echo "exit status $?"
### gunicorn_missing_module | MISSING_MODULE | ModuleNotFoundError: No module named 'app.tasks'
mkdir app; touch app/__init__.py; echo 'from app.tasks import run' > app/main.py
timeout 20 gunicorn -b 127.0.0.1:8991 app.main:application
### pytest_collection_missing | MISSING_MODULE | ModuleNotFoundError: No module named 'pandas' | TEST_FAILURE
mkdir tests; echo 'import pandas
def test_a(): assert 1' > tests/test_frame.py; echo 'def test_b(): assert 1' > tests/test_ok.py
pytest tests
### pip_no_such_version | DEPENDENCY_FAILED | No matching distribution found for django==
echo 'requests
django==99.4.1' > requirements.txt
step pip install --target x -r requirements.txt 2>&1 | sed -E 's/from versions: .*\)/from versions: 1.1.3, 1.1.4, 4.2.1, 5.2)/'
### pip_conflict | DEPENDENCY_FAILED | conflicting dependencies
echo 'flask==3.0.0
werkzeug==2.0.0' > requirements.txt
step pip install --target x -r requirements.txt
### pip_hash_mismatch | DEPENDENCY_FAILED | DO NOT MATCH THE HASHES
echo 'six==1.16.0 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000' > requirements.txt
step pip install --target x --require-hashes -r requirements.txt
### pip_dns | DNS_FAILURE | [Nn]ame.*resol|not known | DEPENDENCY_FAILED
step pip install --isolated --retries 2 --timeout 3 --target x --index-url https://pypi.internal.invalid/simple shop-core==1.4
### pip_refused | SERVICE_UNREACHABLE | Connection refused | DEPENDENCY_FAILED
step pip install --isolated --retries 1 --target x --index-url http://127.0.0.1:8999/simple shop-core
### pip_setup_fails | DEPENDENCY_FAILED | subprocess-exited-with-error|metadata-generation|RuntimeError: This package
mkdir pkg; cat > pkg/setup.py <<'X'
raise RuntimeError("This package needs libfoo 3; set LIBFOO_DIR")
X
step pip install --no-build-isolation ./pkg
### django_missing_secret | CONFIG_ERROR | KeyError: 'SECRET_KEY'
django; sed -i "s/^SECRET_KEY = .*/import os\nSECRET_KEY = os.environ['SECRET_KEY']/" shop/settings.py
echo "==> python manage.py migrate"; python manage.py migrate; echo "==> exited with code $?"
### django_check_fails | CONFIG_ERROR | orders.Order.owner: \(fields.E300\)
django; cat > orders/models.py <<'X'
from django.db import models
class Order(models.Model):
    owner = models.ForeignKey("people.Person", on_delete=models.CASCADE)
    total = models.CharField()
X
python manage.py check; echo "exit status $?"
### django_no_such_table | DB_MIGRATION_FAILED | last:no such table: orders_order | UNHANDLED_EXCEPTION
django; cat > orders/models.py <<'X'
from django.db import models
class Order(models.Model):
    total = models.IntegerField()
X
python manage.py makemigrations orders; python manage.py shell -c "from orders.models import Order; print(Order.objects.count())"
### django_conflicting_migrations | DB_MIGRATION_FAILED | Conflicting migrations detected
django; cat > orders/models.py <<'X'
from django.db import models
class Order(models.Model):
    total = models.IntegerField()
X
python manage.py makemigrations orders; for n in a b; do sed "s/initial = True//; s/dependencies = \[/dependencies = [('orders','0001_initial'),/; s/migrations.CreateModel(/migrations.CreateModel(  # $n/; s/name='Order'/name='Order$n'/" orders/migrations/0001_initial.py > orders/migrations/0002_$n.py; done
step python manage.py migrate
### django_tests_fail | TEST_FAILURE | ^FAIL: test_total
django; cat > orders/tests.py <<'X'
from django.test import SimpleTestCase
class Totals(SimpleTestCase):
    def test_total(self):
        self.assertEqual(sum([10, 20]), 40)
    def test_empty(self):
        self.assertEqual(sum([]), 0)
X
step python manage.py test
### django_port_in_use | PORT_IN_USE | That port is already in use
django; python -m http.server 8992 >/dev/null 2>&1 & sleep 1; python manage.py runserver 127.0.0.1:8992 --noreload; kill %1
### django_debug_500 | UNHANDLED_EXCEPTION | ^ZeroDivisionError
django; cat > shop/urls.py <<'X'
from django.urls import path
def broken(request):
    return 1 / len(request.GET)
urlpatterns = [path("report/", broken)]
X
sed -i "s/ALLOWED_HOSTS = .*/ALLOWED_HOSTS = ['*']/" shop/settings.py
timeout 8 python manage.py runserver 127.0.0.1:8993 --noreload & sleep 4; curl -s -o /dev/null http://127.0.0.1:8993/report/; curl -s -o /dev/null http://127.0.0.1:8993/report/; wait
### django_disallowed_host | CONFIG_ERROR | HTTP_HOST|400
django; sed -i "s/ALLOWED_HOSTS = .*/ALLOWED_HOSTS = ['shop.example']/" shop/settings.py; python manage.py migrate -v 0
timeout 8 python manage.py runserver 127.0.0.1:8993 --noreload & sleep 4; curl -s -o /dev/null http://127.0.0.1:8993/; wait
### gunicorn_port_in_use | PORT_IN_USE | Connection in use
echo 'def app(e, s): s("200 OK", []); return [b"ok"]' > web.py
python -m http.server 8992 >/dev/null 2>&1 & sleep 1; gunicorn -b 127.0.0.1:8992 web:app; kill %1
### gunicorn_worker_timeout | WORKER_TIMEOUT | WORKER TIMEOUT
cat > web.py <<'X'
import time
def app(e, s):
    time.sleep(30)
X
timeout 14 gunicorn -t 3 -b 127.0.0.1:8994 web:app & sleep 2; curl -s -m 9 http://127.0.0.1:8994/ ; wait
### gunicorn_bad_app | CONFIG_ERROR | Failed to find attribute 'application'
echo 'def app(e, s): pass' > web.py
gunicorn -b 127.0.0.1:8994 web:application; echo "exit status $?"
### gunicorn_exception | UNHANDLED_EXCEPTION | ^TypeError: 
cat > web.py <<'X'
def total(items):
    return sum(items) + "EUR"
def app(e, s):
    s("200 OK", [])
    return [str(total([1, 2])).encode()]
X
timeout 7 gunicorn --access-logfile - -b 127.0.0.1:8994 web:app & sleep 2; curl -s http://127.0.0.1:8994/cart >/dev/null; wait
### gunicorn_syntax_error | COMPILE_ERROR | SyntaxError: 
printf 'def app(e, s):\n    if e\n        return []\n' > web.py
timeout 10 gunicorn -b 127.0.0.1:8994 web:app
### uvicorn_port_in_use | PORT_IN_USE | address already in use
echo 'async def app(s, r, c): pass' > web.py
python -m http.server 8992 >/dev/null 2>&1 & sleep 1; uvicorn --port 8992 web:app; kill %1
### uvicorn_asgi_exception | UNHANDLED_EXCEPTION | ^AttributeError: 
cat > web.py <<'X'
from fastapi import FastAPI
app = FastAPI()
@app.get("/user/{id}")
def user(id: int):
    found = {1: "Ann"}.get(id)
    return found.upper()
X
timeout 7 uvicorn --port 8994 web:app & sleep 3; curl -s http://127.0.0.1:8994/user/1 >/dev/null; curl -s http://127.0.0.1:8994/user/2 >/dev/null; wait
### celery_broker_refused | SERVICE_UNREACHABLE | Cannot connect to
echo 'from celery import Celery
app = Celery("shop", broker="redis://127.0.0.1:8999/0")' > shop.py
C_FORCE_ROOT=1 timeout 12 celery -A shop worker -c 1 -l info
### celery_hard_limit | WORKER_TIMEOUT | Hard time limit | PROCESS_CRASH
redis-server --port 8996 --save "" >/dev/null & sleep 1
cat > shop.py <<'X'
from celery import Celery
import time
app = Celery("shop", broker="redis://127.0.0.1:8996/0")
@app.task(time_limit=3)
def export(): time.sleep(60)
X
C_FORCE_ROOT=1 timeout 15 celery -A shop worker -c 1 -l info & sleep 6; python -c "import shop; shop.export.delay()"; wait %2; kill %1; wait
### celery_task_error | UNHANDLED_EXCEPTION | ^ValueError: 
redis-server --port 8996 --save "" >/dev/null & sleep 1
cat > shop.py <<'X'
from celery import Celery
app = Celery("shop", broker="redis://127.0.0.1:8996/0")
@app.task
def bill(amount):
    if amount < 0:
        raise ValueError(f"negative amount: {amount}")
X
C_FORCE_ROOT=1 timeout 10 celery -A shop worker -c 1 -l info & sleep 5; python -c "import shop; shop.bill.delay(-4)"; wait %2; kill %1; wait
### celery_worker_killed | PROCESS_CRASH | signal 9 \(SIGKILL\)
redis-server --port 8996 --save "" >/dev/null & sleep 1
cat > shop.py <<'X'
from celery import Celery
import os, signal
app = Celery("shop", broker="redis://127.0.0.1:8996/0")
@app.task
def die(): os.kill(os.getpid(), signal.SIGKILL)
X
C_FORCE_ROOT=1 timeout 12 celery -A shop worker -c 1 -l info & sleep 5; python -c "import shop; shop.die.delay()"; wait %2; kill %1; wait
### pytest_fails | TEST_FAILURE | ^FAILED test_cart.py::test_discount
cat > test_cart.py <<'X'
import pytest
def price(n): return n * 9
def test_price(): assert price(2) == 18
def test_discount():
    assert price(10) == 80, "ten cost eighty"
@pytest.mark.parametrize("n", range(30))
def test_many(n): assert price(n) >= 0
X
pytest -v
### pytest_timeout_in_app_code | TEST_FAILURE | ^FAILED test_client.py::test_slow_backend
cat > test_client.py <<'X'
import socket, logging
log = logging.getLogger("client")
def fetch(timeout):
    log.error("connect to backend timed out, retrying (timeout=%s)", timeout)
    raise socket.timeout("timed out")
def test_slow_backend():
    try:
        fetch(3)
    except OSError:
        result = "error"
    assert result == "fallback"
X
pytest -q; echo "Error: Process completed with exit code 1."
### pytest_database_away | DB_CONNECTION_REFUSED | connection to server at .* failed: Connection refused | TEST_FAILURE
cat > test_orders.py <<'X'
import psycopg, pytest
@pytest.fixture
def db(): return psycopg.connect("host=127.0.0.1 port=8998 dbname=shop user=shop")
def test_insert(db): db.execute("insert into orders values (1)")
def test_select(db): db.execute("select * from orders")
X
pytest -q
### unittest_error | TEST_FAILURE | ^(ERROR|FAIL): test_parse
cat > test_parse.py <<'X'
import unittest
class Parse(unittest.TestCase):
    def test_parse(self): self.assertEqual(int("4x"), 4)
    def test_ok(self): pass
X
step python -m unittest -v
### flake8 | LINT_FAILURE | app/views.py:\d+:\d+: [EFW]
mkdir app; printf 'import os, sys\ndef view(request) :\n    x = 1\n    return  None\n' > app/views.py
step flake8 app
### mypy | LINT_FAILURE | app/pay.py:3: error
mkdir app; printf 'def pay(amount: int) -> str:\n    """Pays."""\n    return amount\n\npay("4")\n' > app/pay.py
step mypy app
### black_check | LINT_FAILURE | would reformat
mkdir app; printf 'x = {  "a":1 }\n' > app/conf.py; echo 'y = 1' > app/fine.py
step black --check app
### ruff_check | LINT_FAILURE | F401
mkdir app; printf 'import os\nimport sys\n\nprint(sys.path)\n' > app/main.py
step ruff check app
### pylint | LINT_FAILURE | app/main.py:\d+:\d+: E
mkdir app; printf '"""Main."""\nimport os\n\n\ndef main():\n    """Run."""\n    return undefined_name\n' > app/main.py
step pylint app/main.py
### py_memory_error | HEAP_EXHAUSTED | ^MemoryError
ulimit -v 700000; python -c "
rows = []
print('loading export')
while True:
    rows.append('x' * 10_000_000)
"; echo "exit status $?"
### py_recursion | UNHANDLED_EXCEPTION | ^RecursionError
python -c "
def walk(node): return walk(node)
walk(1)"
### py_segfault | PROCESS_CRASH | Segmentation fault
echo "import ctypes
print('render page 1')
ctypes.string_at(0)" > render.py
python -X faulthandler render.py; echo "exit status $?"
### py_chained_env | CONFIG_ERROR | RuntimeError: PAYMENT_URL is not set|KeyError: 'PAYMENT_URL' | UNHANDLED_EXCEPTION
cat > conf.py <<'X'
import os
def payment():
    try:
        return os.environ["PAYMENT_URL"]
    except KeyError as error:
        raise RuntimeError("PAYMENT_URL is not set") from error
payment()
X
python conf.py
### py_too_many_files | RESOURCE_LIMIT | Too many open files
ulimit -n 40; python -c "
files = []
for n in range(100):
    files.append(open('/srv/app/%d' % n, 'w'))
"; echo "exit status $?"
### py_permission | PERMISSION_DENIED | PermissionError
echo secret > /srv/app/key.pem; chmod 600 key.pem; chmod 755 /srv/app
su nobody -s /bin/bash -c "/usr/bin/python3 -c \"
import ssl
print('loading key')
open('/srv/app/key.pem').read()\""; echo "exit status $?"
### py_requests_timeout | NETWORK_TIMEOUT | last:ReadTimeout
python -c "
import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', 8997)); s.listen(); time.sleep(6)" & sleep 1
python -c "
import requests
requests.get('http://127.0.0.1:8997/rates', timeout=2)"; echo "exit status $?"; wait
### py_requests_429 | RATE_LIMITED | 429
python -c "
from http.server import *
class H(BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(429, 'Too Many Requests')
    def log_message(self, *a): pass
HTTPServer(('127.0.0.1', 8997), H).handle_request()" & sleep 1
python -c "
import requests
requests.get('http://127.0.0.1:8997/v1/prices').raise_for_status()"; wait
### py_redis_refused | SERVICE_UNREACHABLE | last:Error 111 connecting
python -c "
import redis
redis.Redis(port=8999).ping()"
### py_yaml_config | CONFIG_ERROR | mapping values are not allowed
/srv/venv/bin/pip -q install pyyaml 2>/dev/null; printf 'server:\n  port: 80\n  name: shop: main\n' > config.yaml
python -c "
import yaml
print('reading config.yaml')
yaml.safe_load(open('config.yaml'))"
### py_json_config | CONFIG_ERROR | JSONDecodeError
printf '{"port": 80,\n "debug": True}\n' > config.json
python -c "
import json
conf = json.load(open('config.json'))"
### alembic_missing_revision | DB_MIGRATION_FAILED | Can't locate revision
alembic init migrations >/dev/null; sed -i 's#^sqlalchemy.url.*#sqlalchemy.url = sqlite:///shop.db#' alembic.ini
alembic revision -m "first" >/dev/null; alembic upgrade head >/dev/null 2>&1; rm migrations/versions/*.py; echo "Running migrations"; alembic upgrade head; echo "exit status $?"
### sqlite_locked | DB_QUERY_TIMEOUT | database is locked
python -c "
import sqlite3, threading
a = sqlite3.connect('shop.db', isolation_level=None, timeout=1); a.execute('create table t(x)'); a.execute('begin exclusive')
b = sqlite3.connect('shop.db', timeout=1)
print('writing order 17')
b.execute('insert into t values (1)')"
### sqlalchemy_pool | DB_CONNECTION_TIMEOUT | QueuePool limit
python -c "
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool
e = create_engine('sqlite:///shop.db', poolclass=QueuePool, pool_size=2, max_overflow=1, pool_timeout=2)
kept = [e.connect() for _ in range(4)]"
### supervisord_crash_loop | CRASH_LOOP | gave up: web entered FATAL state
cat > sup.conf <<'X'
[supervisord]
nodaemon=true
logfile=/dev/stdout
logfile_maxbytes=0
user=root
[program:web]
command=bash -c "sleep 0.2; exit 3"
startretries=4
startsecs=1
X
timeout 16 supervisord -c sup.conf
### supervisord_missing_env | CONFIG_ERROR | DATABASE_URL | CRASH_LOOP UNHANDLED_EXCEPTION
cat > sup.conf <<'X'
[supervisord]
nodaemon=true
logfile=/dev/stdout
logfile_maxbytes=0
user=root
[program:web]
command=python -c "import os; print('booting'); os.environ['DATABASE_URL']"
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
redirect_stderr=true
startretries=3
X
timeout 14 supervisord -c sup.conf
### supervisord_no_command | EXEC_FAILED | can't find command
cat > sup.conf <<'X'
[supervisord]
nodaemon=true
logfile=/dev/stdout
logfile_maxbytes=0
user=root
[program:web]
command=/srv/app/bin/serve --port 80
X
timeout 6 supervisord -c sup.conf
### json_lines_stack | UNHANDLED_EXCEPTION | NoneType
cat > app.py <<'X'
import json, logging, sys, time, traceback
def log(level, msg, **more): print(json.dumps({"time": "2026-11-20T10:00:%02dZ" % (n % 60), "level": level, "msg": msg, **more}))
for n in range(400):
    log("info", "request done", status=200, path=f"/items/{n}", timeout_ms=3000)
    if n == 260:
        try:
            None.name
        except AttributeError as error:
            log("error", "request failed", path="/items/x", error=str(error), stack=traceback.format_exc())
X
python app.py
