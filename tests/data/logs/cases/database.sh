### pg_refused | DB_CONNECTION_REFUSED | last:Connection refused
python -c "
import psycopg
print('checking schema')
psycopg.connect('host=127.0.0.1 port=8999 dbname=shop')"
### psql_refused | DB_CONNECTION_REFUSED | Connection refused
step psql -h 127.0.0.1 -p 8999 -U shop -c 'select 1'
### pg_unknown_host | DNS_FAILURE | last:failed to resolve host|could not translate host name | DB_CONNECTION_REFUSED
python -c "
import psycopg
psycopg.connect('host=db.internal.invalid dbname=shop')"
### pg_wrong_password | AUTH_FAILED | last:password authentication failed
pg; python -c "
import psycopg
psycopg.connect('host=127.0.0.1 port=8995 user=shop password=wrong dbname=postgres')"; pg_stop
### pg_no_database | CONFIG_ERROR | last:database "shop_prod" does not exist
pg; python -c "
import psycopg
psycopg.connect('host=127.0.0.1 port=8995 user=shop password=right dbname=shop_prod')"; pg_stop
### pg_missing_table | DB_MIGRATION_FAILED | last:relation "invoices" does not exist
pg; python -c "
import os, psycopg
psycopg.connect(os.environ['DSN']).execute('select * from invoices')"; pg_stop
### pg_statement_timeout | DB_QUERY_TIMEOUT | last:canceling statement due to statement timeout
pg; python -c "
import os, psycopg
c = psycopg.connect(os.environ['DSN'], options='-c statement_timeout=500')
c.execute('select pg_sleep(5)')"; pg_stop
### pg_lock_timeout_server_log | DB_QUERY_TIMEOUT | canceling statement due to lock timeout
pg; python - <<'X' >/dev/null 2>&1
import os, psycopg
a = psycopg.connect(os.environ["DSN"]); b = psycopg.connect(os.environ["DSN"], options="-c lock_timeout=300")
a.execute("create table stock(n int)"); a.commit(); a.execute("lock table stock")
b.execute("alter table stock add column m int")
X
cat pg.log; pg_stop >/dev/null
### pg_deadlock | DB_DEADLOCK | deadlock detected
pg; cat > dead.py <<'X'
import os, psycopg, threading, time
dsn = os.environ["DSN"]
with psycopg.connect(dsn) as c:
    c.execute("create table acct(id int primary key, n int)"); c.execute("insert into acct values (1, 0), (2, 0)")
def move(first, second):
    with psycopg.connect(dsn) as c:
        c.execute("update acct set n = n + 1 where id = %s", [first]); time.sleep(1)
        c.execute("update acct set n = n - 1 where id = %s", [second])
t = threading.Thread(target=move, args=(1, 2)); t.start(); move(2, 1); t.join()
X
python dead.py; pg_stop
### pg_too_many | DB_TOO_MANY_CONNECTIONS | last:too many clients|remaining connection slots
pg -c max_connections=7; python -c "
import os, psycopg
kept = [psycopg.connect(os.environ['DSN']) for _ in range(20)]"; pg_stop
### pg_server_crash_log | PROCESS_CRASH | terminated by signal 11
pg; python -c "
import os, psycopg, signal
c = psycopg.connect(os.environ['DSN']); os.kill(c.info.backend_pid, signal.SIGSEGV)"; sleep 1.5; grep -v 'ready to accept' pg.log | sed -E 's/20[0-9-]+ [0-9:.]+ UTC/2026-11-20 09:00:01.120 UTC/; s/\[[0-9]+\]/[31]/; s/PID [0-9]+/PID 44/' | sed '/all server processes terminated/q'; pg_stop >/dev/null 2>&1
### pg_permission_table | AUTH_FAILED | last:permission denied for table
pg; python -c "
import os, psycopg
c = psycopg.connect(os.environ['DSN'], autocommit=True)
c.execute('create table salary(n int)'); c.execute('create role clerk'); c.execute('set role clerk')
c.execute('select * from salary')"; pg_stop
### pg_pool_timeout | DB_CONNECTION_TIMEOUT | last:PoolTimeout
pg; python -c "
import os
from psycopg_pool import ConnectionPool
p = ConnectionPool(os.environ['DSN'], min_size=1, max_size=1, timeout=1, open=True)
p.wait(); held = p.getconn(); print('pool ready')
p.getconn()"; pg_stop
### django_pg_refused | DB_CONNECTION_REFUSED | last:Connection refused
django; python - <<'X'
import re
text = open("shop/settings.py").read()
text = re.sub(r"DATABASES = \{.*?\n\}\n", "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop', 'USER': 'shop', 'HOST': '127.0.0.1', 'PORT': 8999}}\n", text, flags=re.S)
open("shop/settings.py", "w").write(text)
X
echo "Running release command: python manage.py migrate"; python manage.py migrate; echo "release command exited with code $?"
### maria_access_denied | AUTH_FAILED | Access denied for user
maria; step mariadb -h 127.0.0.1 -P 8995 -ushop -pwrong shop -e 'select 1'; maria_stop
### maria_unknown_database | CONFIG_ERROR | Unknown database
maria; step mariadb -S /srv/maria/s.sock -e 'use shop_production'; maria_stop
### maria_refused | DB_CONNECTION_REFUSED | Can't connect to
step mariadb -h 127.0.0.1 -P 8999 -ushop -e 'select 1'
### maria_lock_wait | DB_QUERY_TIMEOUT | Lock wait timeout exceeded
maria --innodb-lock-wait-timeout=1; mariadb $MY -e 'create table a(id int primary key, n int) engine=innodb; insert into a values (1,1)'
(echo 'begin; update a set n=2 where id=1; select sleep(5);' | mariadb $MY >/dev/null) & sleep 1; echo 'applying stock update'; mariadb $MY -e 'update a set n=3 where id=1'; echo "exit status $?"; maria_stop
### maria_deadlock | DB_DEADLOCK | Deadlock found
maria; mariadb $MY -e 'create table a(id int primary key, n int) engine=innodb; insert into a values (1,1),(2,2)'
(echo 'begin; update a set n=2 where id=1; select sleep(2); update a set n=2 where id=2;' | mariadb $MY) & echo 'begin; update a set n=3 where id=2; select sleep(2); update a set n=3 where id=1;' | mariadb $MY; wait %2; maria_stop
### maria_too_many | DB_TOO_MANY_CONNECTIONS | Too many connections
maria --max-connections=10; for n in $(seq 14); do mariadb $MY -e 'select sleep(4)' >/dev/null & done; sleep 1.5; step mariadb $MY -e 'select 1' 2>&1; maria_stop 2>/dev/null
### maria_no_column | DB_MIGRATION_FAILED | Unknown column
maria; mariadb $MY -e 'create table a(id int)'; step mariadb $MY -e 'select discount from a'; maria_stop
### sqlalchemy_missing_table | DB_MIGRATION_FAILED | last:no such table
python -c "
from sqlalchemy import create_engine, text
e = create_engine('sqlite:///shop.db')
with e.connect() as c: c.execute(text('select * from coupons'))"
