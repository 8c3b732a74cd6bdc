### ok_pip_install | healthy | - 
step pip install --target x six==1.16.0 certifi
### ok_pip_retry_then_found | healthy | - 
python - <<'X' &
import time, http.server, functools
time.sleep(2.5)
http.server.ThreadingHTTPServer(("127.0.0.1", 8997), functools.partial(http.server.SimpleHTTPRequestHandler, directory="/srv/app/index")).serve_forever()
X
mkdir -p index/simple/six; pip -q download --no-deps -d index/simple/six six==1.16.0; f=$(cd index/simple/six; ls *.whl); echo "<a href=$f>$f</a>" > index/simple/six/index.html
pip install --isolated --retries 5 --target x --index-url http://127.0.0.1:8997/simple six 2>&1; echo "exit status $?"; kill %1
### ok_npm_install_warnings | healthy | - 
echo '{"name":"web","version":"1.0.0","engines":{"node":">=99"},"dependencies":{"left-pad":"1.3.0"}}' > package.json
step npm install
### ok_pytest_prints_tracebacks | healthy | - 
cat > test_errors.py <<'X'
import logging, traceback, sys, socket
def test_prints_a_traceback(capsys):
    with capsys.disabled():
        try: {}["SECRET_KEY"]
        except KeyError: traceback.print_exc(file=sys.stdout)
        print("psycopg.OperationalError: connection to server at \"127.0.0.1\", port 5432 failed: Connection refused")
        print("FATAL ERROR: JavaScript heap out of memory")
def test_timeout_is_handled(): assert issubclass(socket.timeout, OSError)
def test_oom_killed_is_named(): assert True
X
pytest -v -p no:warnings; echo "exit status $?"
### ok_unittest_error_named | healthy | - 
cat > test_e.py <<'X'
import unittest, sys
class ErrorHandling(unittest.TestCase):
    def test_connection_refused_is_retried(self): print("ERROR: connection refused, retrying", file=sys.stderr)
    def test_disk_full(self): print("OSError: [Errno 28] No space left on device", file=sys.stderr)
    @unittest.expectedFailure
    def test_known_bug(self): self.fail("segmentation fault")
X
python -m unittest -v
### ok_go_test_panics_recovered | healthy | - 
export GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
printf 'package shop\n\nimport (\n\t"fmt"\n\t"runtime/debug"\n\t"testing"\n)\n\nfunc TestPanicRecovered(t *testing.T) {\n\tdefer func() { fmt.Println("panic:", recover()); fmt.Println(string(debug.Stack())) }()\n\tpanic("runtime error: invalid memory address or nil pointer dereference")\n}\nfunc TestDeadlockDetected(t *testing.T) { t.Log("deadlock detected") }\n' > a_test.go
go test -v ./... | sed -E 's/0x[0-9a-f]+/0x4601f4/g; s/goroutine [0-9]+/goroutine 6/'
### ok_django_tests | healthy | - 
django; cat > orders/tests.py <<'X'
import logging
from django.test import TestCase
class Orders(TestCase):
    def test_error_500_is_logged(self):
        try: 1 / 0
        except ZeroDivisionError: logging.getLogger("django").exception("Internal Server Error: /orders/")
    def test_404(self): self.client.get("/missing/")
X
step python manage.py test
### ok_django_migrate_run | healthy | - 
django; python manage.py migrate; timeout 6 python manage.py runserver 127.0.0.1:8993 --noreload & sleep 4; curl -s -o /dev/null http://127.0.0.1:8993/docs/errors/502/; curl -s -o /dev/null http://127.0.0.1:8993/admin/; wait
### ok_gunicorn_graceful | healthy | - 
echo 'def app(e, s): s("200 OK", []); return [b"ok"]' > web.py
timeout 5 gunicorn --access-logfile - -w 2 -b 127.0.0.1:8994 web:app & sleep 2; for p in / /docs/errors/502 /search?q=OutOfMemoryError /health; do curl -s -o /dev/null "http://127.0.0.1:8994$p"; done; wait
### ok_celery_broker_comes_back | healthy | - 
echo 'from celery import Celery
app = Celery("shop", broker="redis://127.0.0.1:8996/0")
@app.task
def add(a, b): return a + b' > shop.py
(sleep 9; exec redis-server --port 8996 --save "" >/dev/null) & C_FORCE_ROOT=1 timeout 26 celery -A shop worker -c 1 -l info & sleep 17; python -c "import shop; shop.add.delay(1, 2)"; wait %2; kill %1; wait
### ok_redis_server | healthy | - 
timeout -s TERM 4 redis-server --port 8996 --maxmemory 50mb --save ""
### ok_postgres_recovery | healthy | - 
pg; disown -a; kill -9 "$(head -1 /srv/pg/data/postmaster.pid)"; sleep 3; rm -f /srv/pg/data/postmaster.pid
setpriv --reuid nobody --clear-groups "$(pg_programs)/postgres" -D /srv/pg/data -p 8995 -k /srv/pg > pg.log 2>&1 & sleep 3
kill -INT "$(head -1 /srv/pg/data/postmaster.pid)"; wait; sed '/shutdown request/,$d' pg.log; rm -rf /srv/pg
### ok_make_gcc_oom_object | healthy | - 
printf 'int f(void) { return 1; }\n' > oom_killer.c; printf 'int f(void); int main(void) { int unused; return f() - 1; }\n' > error_handler.c
printf 'app: oom_killer.o error_handler.o\n\t$(CC) -o app $^\n%%.o: %%.c\n\t$(CC) -Wall -c $<\n' > Makefile
step make
### ok_eslint_warnings | healthy | - 
echo 'export default [{ rules: { "no-unused-vars": "warn" } }];' > eslint.config.mjs; echo 'const timeout = 30;' > main.js
step eslint main.js
### ok_tsc_and_jest | healthy | - 
echo '{"compilerOptions":{"strict":true,"noEmit":true,"types":[]}, "include":["src"]}' > tsconfig.json; mkdir src; echo 'export const failed = 0;' > src/a.ts
printf "test('logs an error', () => { console.error('Error: connect ECONNREFUSED 127.0.0.1:5432'); });\ntest('rejects', async () => { await expect(Promise.reject(new Error('ENOSPC'))).rejects.toThrow(); });\n" > a.test.js; echo '{"name":"a"}' > package.json
step tsc -p .; step jest
### ok_java_flags | healthy | - 
printf 'public class Main { public static void main(String[] a) throws Exception { System.out.println("Started Main in 0.4 seconds"); System.out.println("opts " + System.getProperty("sun.java.command")); } }\n' > Main.java; javac Main.java
echo "java -XX:+HeapDumpOnOutOfMemoryError -XX:OnOutOfMemoryError=\"kill -9 %p\" -XX:+ExitOnOutOfMemoryError Main"; java -Xmx64m -XX:+HeapDumpOnOutOfMemoryError -XX:+ExitOnOutOfMemoryError Main; echo "exit status $?"
### ok_retry_then_connected | healthy | - 
(sleep 3; timeout 6 python -m http.server 8997 --bind 127.0.0.1 >/dev/null 2>&1) & cat > wait.py <<'X'
import time, urllib.request, logging
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
for n in range(1, 9):
    try:
        urllib.request.urlopen("http://127.0.0.1:8997/", timeout=1)
        logging.info("inventory service is available after %d attempts", n); break
    except OSError as error:
        logging.warning("attempt %d: %s; retrying in 1s", n, error); time.sleep(1)
logging.info("worker started")
X
python wait.py
### ok_probes_503_then_200 | healthy | - 
cat > web.py <<'X'
import time
begin = time.time()
def app(e, s):
    ready = time.time() - begin > 4
    s("200 OK" if ready else "503 Service Unavailable", []); return [b""]
X
timeout 9 gunicorn --access-logfile - -b 127.0.0.1:8994 web:app & sleep 2; for n in 1 2 3 4 5; do curl -s -A kube-probe/1.29 -o /dev/null http://127.0.0.1:8994/readyz; sleep 1; done; wait
### ok_error_tracker_ingest | healthy | - 
cat > ingest.py <<'X'
import json
errors = ["TypeError: cannot read properties of undefined", "OutOfMemoryError: Java heap space", "deadlock detected", "connect ECONNREFUSED 10.0.0.4:5432", "panic: runtime error", "No space left on device"]
for n in range(150):
    print(f"2026-11-20T10:{n // 60:02d}:{n % 60:02d}Z INFO ingest: stored event project={n % 7} title=\"{errors[n % 6]}\" took=4ms")
    if n % 10 == 0: print(json.dumps({"level": "info", "msg": "event grouped", "exception": errors[n % 6], "count": n}))
X
python ingest.py
### ok_git_log_of_fixes | healthy | - 
git init -q .; git config user.email a@b.c; git config user.name ann
for m in "fix: OOMKilled pods in the export job" "fix deadlock detected in billing" "Handle ENOSPC: no space left on device" "retry on 429 Too Many Requests" "Segmentation fault in parser, fixed"; do git commit -q --allow-empty -m "$m"; done
git log --oneline; git checkout -q -b release; git log -1 --format='HEAD is now at %h %s'; echo "Deployment completed successfully"
### ok_docker_like_build_steps | healthy | - 
cat > build.sh <<'X'
set -x
export PIP_DEFAULT_TIMEOUT=100 NODE_OPTIONS=--max-old-space-size=4096
test ! -f core || echo "Segmentation fault (core dumped)"
grep -c "connection refused" /dev/null || true
: "error: password authentication failed for user is handled by retry.sh"
X
bash build.sh; echo "Build succeeded in 1.2s: 0 errors, 0 warnings"
### ok_cargo_test | healthy | - 
mkdir src; printf '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
printf '#[cfg(test)]\nmod tests {\n    #[test]\n    #[should_panic(expected = "boom")]\n    fn panics() { panic!("boom") }\n}\n' > src/lib.rs
export HOME=/root; cargo test -- --nocapture; echo "exit status $?"
### ok_mypy_flake8_pytest | healthy | - 
mkdir app; printf 'def add(a: int, b: int) -> int:\n    return a + b\n' > app/calc.py; printf 'from app.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n' > test_calc.py; touch app/__init__.py
step mypy app; step flake8 app; step black --check app; step pytest -q
### ok_supervisord | healthy | - 
cat > sup.conf <<'X'
[supervisord]
nodaemon=true
logfile=/dev/stdout
logfile_maxbytes=0
user=root
[program:web]
command=python -m http.server 8992
[program:migrate]
command=true
autorestart=false
startsecs=0
exitcodes=0
X
timeout 5 supervisord -c sup.conf
### ok_progress_and_colours | healthy | - 
python - <<'X'
import sys
for n in range(0, 101):
    sys.stdout.write(f"\rdownloading model {n}% \x1b[33mretry on timeout=30\x1b[0m")
print("\n\x1b[1;32mdone\x1b[0m, 0 \x1b[31merrors\x1b[0m, 2 warnings\r")
X
### ok_nginx_serving | healthy | - 
mkdir www; echo hi > www/index.html; printf 'daemon off;\npid /srv/app/n.pid;\nevents {}\nhttp { access_log /dev/stdout; server { listen 127.0.0.1:8992; root /srv/app/www; } }\n' > nginx.conf; chmod -R a+rX /srv/app
timeout -s QUIT 4 nginx -c /srv/app/nginx.conf -e stderr & sleep 1; for n in 1 2 3; do curl -s -o /dev/null http://127.0.0.1:8992/?page=504; done; wait
