### long_pytest_middle | TEST_FAILURE | ^(FAILED|ERROR) tests/test_m07.py::test_case_3 | MISSING_MODULE | FAILED tests/test_m07.py::test_case_3;;E +assert;;\d+ failed
mkdir tests; for m in $(seq -w 1 30); do for t in $(seq 1 12); do echo "def test_case_$t(): assert $((10#$m)) * $t == $((10#$m * t))"; done > tests/test_m$m.py; done
sed -i 's/^def test_case_3.*/def test_case_3(): assert 7 * 3 == 22/' tests/test_m07.py
pytest -v tests; echo "exit status $?"
### long_make_middle | COMPILE_ERROR | src/part_61.c:4:.* error: |  | src/part_61.c:4:\d+: error;;make.*Error 1
mkdir src; for n in $(seq 1 90); do printf '#include <stdio.h>\n\nint part_%s(int value) {\n  return value + %s;\n}\n' $n $n > src/part_$n.c; done
sed -i 's/return value/return valeu/' src/part_61.c
printf 'OBJ := $(patsubst %%.c,%%.o,$(sort $(wildcard src/*.c)))\nall: $(OBJ)\n%%.o: %%.c\n\tgcc -O2 -Wall -Wextra -Wpedantic -Wshadow -fstack-protector-strong -D_FORTIFY_SOURCE=2 -DVERSION=\\"4.2.1\\" -I/usr/local/include/shop -c -o $@ $<\n' > Makefile
make -k; echo "exit status $?"
### long_pip_verbose | DEPENDENCY_FAILED | No matching distribution found|Could not find a version |  | Could not find a version that satisfies;;No matching distribution found
printf 'django\nrequests\ncelery\nsqlalchemy\nzz-no-such-package-zz==3.1\n' > requirements.txt
pip install -v --no-cache-dir --target x -r requirements.txt 2>&1 | sed -E 's#(Link requires|Found link|Skipping link|  Link)#  \1#; s#https?://[^ )]+/#https://packages.example.org/#g' | cut -c1-200 | awk 'NR%7==1 || /ERROR|Collecting|Downloading/' | head -900; echo "exit status 1"
### long_npm_jest | TEST_FAILURE | ● .* › rounds |  | ● .*rounds;;Expected: 3;;Tests: .*failed
printf '{"name":"a","scripts":{"test":"jest --verbose"}}' > package.json
for n in $(seq 1 40); do printf "describe('module $n', () => { for (let i = 0; i < 9; i++) test('case ' + i, () => { expect(i).toBe(i); }); });\n" > m$n.test.js; done
printf "describe('prices', () => { test('rounds', () => { expect(Math.round(2.4)).toBe(3); }); });\n" > m17.test.js
npm test; echo "exit status $?"
### long_django_tests | TEST_FAILURE | ^(FAIL|ERROR): test_ |  | ^FAIL: test_17;;AssertionError: 34 != 35;;^ERROR: test_40;;FAILED \(
django; python - > orders/tests.py <<'X'
print("from django.test import TestCase\nclass Orders(TestCase):")
for n in range(170):
    body = "self.assertEqual(34, 35)" if n == 17 else "{}['missing']" if n == 40 else f"self.assertEqual({n}, {n})"
    print(f"    def test_{n}_the_total_of_an_order_with_many_rows_is_right(self):\n        {body}")
X
sed -i 's/def test_17_[a-z_]*/def test_17/; s/def test_40_[a-z_]*/def test_40/' orders/tests.py
python manage.py test -v 2; echo "exit status $?"
### long_go_packages | TEST_FAILURE | --- FAIL: TestPart |  | --- FAIL: TestPart;;want 44;;^FAIL\tshop/p21
export GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
for n in $(seq 1 34); do mkdir p$n; printf 'package p%s\n\nimport "testing"\n\nfunc TestFirst(t *testing.T) { t.Log("checking the first of many things in package %s") }\nfunc TestSecond(t *testing.T) { t.Log("ok") }\nfunc TestThird(t *testing.T) {}\n' $n $n > p$n/p_test.go; done
printf 'func TestPart(t *testing.T) { t.Errorf("got %%d, want 44", 43) }\n' >> p21/p_test.go
go test -v ./...; echo "exit status $?"
### long_server_log_oom | HEAP_EXHAUSTED | MemoryError |  | ^MemoryError;;exit status
cat > job.py <<'X'
import logging, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stdout)
log = logging.getLogger("import")
rows = []
for n in range(1500):
    log.info("imported chunk %d of customer file part-%d.csv rows=%d timeout=30 retries=0", n, n % 9, n * 1000)
    if n > 1100: rows.append("x" * 3_000_000)
X
python job.py; echo "exit status $?"
### long_ci_setup_then_lint | LINT_FAILURE | src/app_44.py:\d+:\d+: |  | src/app_44.py:\d+:\d+: F821;;exit status 1
echo "Preparing runner"; for n in $(seq 1 200); do echo "Unpacking package-$n ($n.0.$((n % 7))-1) ..."; echo "Setting up package-$n ($n.0.$((n % 7))-1) ..."; done
mkdir src; for n in $(seq 1 80); do printf 'def f():\n    return %s\n' $n > src/app_$n.py; done; printf 'def f():\n    return missing_name\n' > src/app_44.py
step flake8 -v src 2>&1 | sed -E 's/ [0-9]+\.[0-9]+ seconds/ 1.0 seconds/'
### long_migrations | DB_MIGRATION_FAILED | last:duplicate column name|already exists |  | duplicate column name;;Applying orders.0121
django; cat > orders/models.py <<'X'
from django.db import models
class Order(models.Model):
    total = models.IntegerField()
X
python manage.py makemigrations orders >/dev/null
python - <<'X'
for n in range(2, 130):
    before = "0001_initial" if n == 2 else f"{n - 1:04d}_column_{n - 1}"
    name = 120 if n == 121 else n
    open(f"orders/migrations/{n:04d}_column_{n}.py", "w").write(f"""
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("orders", "{before}")]
    operations = [migrations.RunSQL("alter table orders_order add column c{name} integer")]
""")
X
python manage.py migrate; echo "exit status $?"
### long_cargo_warnings | COMPILE_ERROR | error\[E0425\] |  | error\[E0425\];;could not compile
mkdir src; printf '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
python - > src/main.rs <<'X'
for n in range(60): print(f"fn helper_{n}(value: i32) -> i32 {{ let unused_{n} = value; 4 }}")
print("fn main() { println!(\"{}\", no_such_name); let x: i32 = 5; }")
X
export HOME=/root; cargo build; echo "exit status $?"
### long_java_trace | SERVICE_UNREACHABLE | Caused by: java.net.ConnectException |  | Caused by: java.net.ConnectException;;Caused by: java.lang.IllegalState
python - > Main.java <<'X'
print("public class Main {")
print("  static int depth(int n) { if (n == 0) { try { new java.net.Socket(\"127.0.0.1\", 8999); } catch (Exception e) { throw new IllegalStateException(\"cannot load rates\", e); } } return depth(n - 1); }")
print("  public static void main(String[] a) throws Exception {")
print("    for (int i = 0; i < 500; i++) System.out.println(\"2026-11-20 10:00:00.000  INFO 1 --- [main] shop.Loader : loaded table part \" + i + \" of 500, cache miss ratio 0.\" + i % 10);")
print("    try { depth(90); } catch (RuntimeException e) { throw new RuntimeException(\"startup failed\", e); }\n  }\n}")
X
javac Main.java; java Main; echo "exit status $?"
### long_docker_like_apt | DISK_FULL | No space left on device |  | No space left on device;;exit code
mkdir data src; for n in $(seq 1 300); do head -c 3000 /dev/urandom > src/library-part-$n.so; done; mount -t tmpfs -o size=500k tmpfs /srv/app/data
for n in $(seq 1 300); do echo "Get:$n http://deb.example.org/debian bookworm/main amd64 library-part-$n amd64 1.$n-2 [3000 B]"; done
cp -v src/* data/ 2>&1 | awk '/No space/ && ++n > 4 {next} {print}'; echo "The command returned exit code 1"; umount /srv/app/data
