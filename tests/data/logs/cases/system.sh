### disk_full_tmpfs | DISK_FULL | No space left on device
mkdir /srv/app/data; mount -t tmpfs -o size=300k tmpfs /srv/app/data
step python -c "
for n in range(50):
    open('/srv/app/data/part-%03d' % n, 'wb').write(b'x' * 20000)
    if n % 5 == 0: print('wrote part', n, flush=True)
"; umount /srv/app/data
### disk_full_tar | DISK_FULL | No space left on device
mkdir data src; head -c 900000 /dev/zero > src/blob; mount -t tmpfs -o size=200k tmpfs /srv/app/data
tar cf data/backup.tar src; echo "backup failed with exit code $?"; umount /srv/app/data
### disk_full_postgres_dump | DISK_FULL | No space left on device
mkdir data; mount -t tmpfs -o size=100k tmpfs /srv/app/data
dd if=/dev/zero of=data/dump.sql bs=10k count=100; cp /usr/bin/bash data/; umount /srv/app/data
### file_size_limit | RESOURCE_LIMIT | File size limit exceeded
printf 'ulimit -f 10\nhead -c 500000 /dev/zero > out.bin\necho "exit status $?"\n' > run.sh; bash run.sh
### fork_limit | RESOURCE_LIMIT | Resource temporarily unavailable|can't start new thread
chmod 777 /srv/app; su nobody -s /bin/bash -c 'ulimit -u 12; cd /srv/app; /usr/bin/python3 -c "
import threading, time
for n in range(60):
    threading.Thread(target=time.sleep, args=(1,)).start()
"'; echo "exit status $?"
### git_auth | AUTH_FAILED | could not read Username|Authentication failed
python -c "
from http.server import *
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401); self.send_header('WWW-Authenticate', 'Basic realm=git'); self.end_headers()
    def log_message(self, *a): pass
HTTPServer(('127.0.0.1', 8997), H).serve_forever()" & sleep 1
GIT_TERMINAL_PROMPT=0 git clone http://127.0.0.1:8997/acme/shop.git; echo "exit status $?"; kill %1
### git_wrong_password | AUTH_FAILED | Authentication failed
python -c "
from http.server import *
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401); self.send_header('WWW-Authenticate', 'Basic realm=git'); self.end_headers()
    def log_message(self, *a): pass
HTTPServer(('127.0.0.1', 8997), H).serve_forever()" & sleep 1
git clone http://bot:hunter@127.0.0.1:8997/acme/shop.git 2>&1; echo "exit status $?"; kill %1
### git_no_repository | CONFIG_ERROR | does not exist|not appear to be a git repository
git clone /srv/app/nowhere.git work; echo "exit status $?"
### git_dns | DNS_FAILURE | Could not resolve host
git clone https://git.internal.invalid/acme/shop.git; echo "exit status $?"
### curl_refused | SERVICE_UNREACHABLE | curl: \(7\)
echo "==> warming cache"; step curl -sS http://127.0.0.1:8999/warm
### curl_timeout | NETWORK_TIMEOUT | curl: \(28\)
python -c "
import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', 8997)); s.listen(); time.sleep(5)" & sleep 1
step curl -sS -m 2 http://127.0.0.1:8997/warm; wait
### curl_self_signed | TLS_ERROR | certificate problem|curl: \(60\)
openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost 2>/dev/null
openssl s_server -accept 8997 -key k.pem -cert c.pem -www -quiet & sleep 1
step curl -sS https://localhost:8997/; kill %1
### curl_wrong_host | TLS_ERROR | subject name|curl: \(60\)
openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=other.example -addext subjectAltName=DNS:other.example 2>/dev/null
openssl s_server -accept 8997 -key k.pem -cert c.pem -www -quiet & sleep 1
step curl -sS --cacert c.pem https://localhost:8997/; kill %1
### py_tls_expired | TLS_ERROR | last:CERTIFICATE_VERIFY_FAILED
python - <<'X'
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
day = datetime.datetime(2024, 1, 1)
made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
made = made.not_valid_before(day).not_valid_after(day + datetime.timedelta(30))
made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False).sign(key, hashes.SHA256())
open("c.pem", "wb").write(made.public_bytes(serialization.Encoding.PEM))
open("k.pem", "wb").write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
X
openssl s_server -accept 8997 -key k.pem -cert c.pem -www -quiet & sleep 1
step python -c "
import urllib.request, ssl
urllib.request.urlopen('https://localhost:8997/', context=ssl.create_default_context(cafile='c.pem'))"; kill %1
### http_on_tls_port | TLS_ERROR | wrong version number|SSL
python -m http.server 8992 >/dev/null 2>&1 & sleep 1
step node -e "require('https').get('https://127.0.0.1:8992/')"; kill %1
### curl_dns | DNS_FAILURE | Could not resolve host
step curl -fsS https://hooks.internal.invalid/deploy
### nginx_bad_directive | CONFIG_ERROR | \[emerg\]
printf 'events {}\nhttp {\n  server {\n    listen 8992;\n    proxy_passs http://127.0.0.1:1;\n  }\n}\n' > nginx.conf
step nginx -t -c /srv/app/nginx.conf -e stderr
### nginx_port_in_use | PORT_IN_USE | bind\(\) to
printf 'daemon off;\npid /srv/app/n.pid;\nevents {}\nhttp { access_log off; server { listen 127.0.0.1:8992; } }\n' > nginx.conf
python -m http.server 8992 --bind 127.0.0.1 >/dev/null 2>&1 & sleep 1; nginx -c /srv/app/nginx.conf -e stderr; kill %1
### nginx_upstream_refused | UPSTREAM_5XX | connect\(\) failed | SERVICE_UNREACHABLE
printf 'daemon off;\npid /srv/app/n.pid;\nevents {}\nhttp { access_log /dev/stdout; server { listen 127.0.0.1:8992; location / { proxy_pass http://127.0.0.1:8999; } } }\n' > nginx.conf
timeout 6 nginx -c /srv/app/nginx.conf -e stderr & sleep 2; for n in 1 2 3; do curl -s -o /dev/null http://127.0.0.1:8992/orders/$n; done; wait
### nginx_upstream_timeout | UPSTREAM_5XX | upstream timed out | NETWORK_TIMEOUT
python -c "
import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', 8997)); s.listen(); time.sleep(8)" &
printf 'daemon off;\npid /srv/app/n.pid;\nevents {}\nhttp { access_log /dev/stdout; proxy_read_timeout 2s; server { listen 127.0.0.1:8992; location / { proxy_pass http://127.0.0.1:8997; } } }\n' > nginx.conf
timeout 7 nginx -c /srv/app/nginx.conf -e stderr & sleep 1; curl -s -o /dev/null http://127.0.0.1:8992/orders; wait
### nginx_upstream_unknown | DNS_FAILURE | host not found in upstream | CONFIG_ERROR
printf 'daemon off;\nevents {}\nhttp { server { listen 8992; location / { proxy_pass http://api.internal.invalid:80; } } }\n' > nginx.conf
nginx -c /srv/app/nginx.conf -e stderr; echo "exit status $?"
### haproxy_bad_config | CONFIG_ERROR | unknown keyword
printf 'defaults\n  mode http\n  timeout client 5s\nfrontend web\n  bind 127.0.0.1:8992\n  default_backendd app\n' > haproxy.cfg
step haproxy -c -f haproxy.cfg
### docker_no_daemon | SERVICE_UNREACHABLE | Cannot connect to the Docker daemon
export DOCKER_HOST=tcp://127.0.0.1:8999; step docker ps
### kubectl_no_cluster | SERVICE_UNREACHABLE | was refused
step kubectl --server=http://127.0.0.1:8999 get pods
### terraform_bad_reference | CONFIG_ERROR | Error: Reference to undeclared
printf 'output "url" {\n  value = var.base_url\n}\n' > main.tf
terraform init -no-color >/dev/null 2>&1; terraform validate -no-color; echo "exit status $?"
### redis_wrong_password | AUTH_FAILED | last:WRONGPASS|invalid username-password|AuthenticationError
redis-server --port 8996 --requirepass right --save "" >/dev/null & sleep 1
python -c "
import redis
r = redis.Redis(port=8996, password='wrong')
print('warming up'); r.ping()"; kill %1
### redis_noauth | AUTH_FAILED | NOAUTH|Authentication required
redis-server --port 8996 --requirepass right --save "" >/dev/null & sleep 1
node -e "
const { createClient } = require('redis');
createClient({ url: 'redis://127.0.0.1:8996' }).connect().then(c => c.set('a', '1')).then(() => process.exit(0));"; echo "exit status $?"; kill %1
### redis_maxmemory | RESOURCE_LIMIT | last:command not allowed when used memory
redis-server --port 8996 --maxmemory 2mb --save "" >/dev/null & sleep 1
python -c "
import redis
r = redis.Redis(port=8996)
for n in range(100000): r.set('session:%d' % n, 'x' * 2000)"; kill %1
### redis_max_clients | RESOURCE_LIMIT | last:max number of clients
redis-server --port 8996 --maxclients 3 --save "" >/dev/null & sleep 1
python -c "
import redis
kept = []
for n in range(8):
    c = redis.Redis(port=8996, single_connection_client=True); c.ping(); kept.append(c)"; kill %1
### redis_port_in_use | PORT_IN_USE | Could not create server TCP
redis-server --port 8996 --save "" >/dev/null & sleep 1; redis-server --port 8996 --save ""; echo "exit status $?"; kill %1
### redis_bad_config | CONFIG_ERROR | FATAL CONFIG FILE ERROR|Bad directive
printf 'port 8996\nmaxmemori 10mb\n' > redis.conf
step redis-server redis.conf
### kill_nine | PROCESS_CRASH | Killed
printf 'sleep 30 & p=$!\nsleep 1; kill -9 $p; wait $p; echo "worker ended with exit code $?"\n' > run.sh
printf 'echo "worker started"\nbash -c "kill -9 \\$\\$"\necho "exit code $?"\n' > w.sh; bash w.sh
### systemd_like_loop | CRASH_LOOP | last:giving up|restart 5|too quickly
cat > loop.sh <<'X'
for n in 1 2 3 4 5; do
  echo "supervise: starting web (attempt $n)"
  python -c "import sys; sys.exit(3)"
  echo "supervise: web exited with status $?, restarting in 0s (restart count $n)"
done
echo "supervise: web: start request repeated too quickly, giving up"
X
sed -i 's/start request repeated too quickly/crashed too many times/; ' loop.sh; sed -i 's/, giving up/: giving up/' loop.sh; bash loop.sh
### missing_file_config | CONFIG_ERROR | No such file or directory: 'settings.toml'
python -c "
import tomllib
print('reading settings')
tomllib.load(open('settings.toml', 'rb'))"
### health_check_script | HEALTH_CHECK_FAILED | last:health check
cat > wait.sh <<'X'
python -c "
from http.server import *
class H(BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(500)
    def log_message(self, *a): pass
HTTPServer(('127.0.0.1', 8997), H).serve_forever()" &
sleep 1
for n in 1 2 3 4; do
  code=$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8997/healthz)
  echo "waiting for http://127.0.0.1:8997/healthz: $code"
done
echo "error: health check failed after 4 attempts (last status $code)"; kill %1; exit 1
X
bash wait.sh
