### gcc_error | COMPILE_ERROR | main.c:4:.* error:
printf '#include <stdio.h>\nint main(void) {\n  int n = 3\n  printf("%%d", m);\n}\n' > main.c; sed -i 's/int n = 3/int n = 3;/' main.c
printf 'all: main\nmain: main.c\n\tgcc -Wall -o main main.c\n' > Makefile
make; echo "exit status $?"
### gxx_error | COMPILE_ERROR | order.cpp:5:.* error:
printf '#include <string>\n#include <vector>\nstd::vector<std::string> v;\nint main() {\n  int n = v;\n  v.push_back(7);\n}\n' > order.cpp
step g++ -c order.cpp
### gcc_linker | COMPILE_ERROR | undefined reference
printf 'int area(int);\nint main(void) { return area(3); }\n' > main.c
step gcc -o main main.c
### gcc_missing_header | MISSING_MODULE | fatal error: libzap/zap.h | COMPILE_ERROR
printf '#include <libzap/zap.h>\nint main(void) { return 0; }\n' > main.c
printf 'main: main.c\n\t$(CC) -o main main.c\n' > Makefile
step make
### ld_missing_lib | MISSING_MODULE | cannot find -l | COMPILE_ERROR
echo 'int main(void) { return 0; }' > main.c
step gcc main.c -lmagick9
### clang_error | COMPILE_ERROR | error:
printf 'struct s { int a; };\nint main(void) { struct s x; return x.b; }\n' > s.c
step clang -c s.c
### cmake_missing_package | MISSING_MODULE | Could not find a package configuration file|Could NOT find | COMPILE_ERROR
printf 'cmake_minimum_required(VERSION 3.10)\nproject(shop C)\nfind_package(Zookeeper REQUIRED)\n' > CMakeLists.txt
step cmake -S . -B build
### make_no_rule | COMPILE_ERROR | No rule to make target
printf 'app: missing.o\n\tcc -o app missing.o\n' > Makefile
step make
### make_command_missing | EXEC_FAILED | not found|No such file
printf 'site:\n\tnot-a-tool build --site\n' > Makefile
step make site
### segv_native | PROCESS_CRASH | Segmentation fault
printf '#include <stdio.h>\nint main(void) { int *p = 0; puts("start"); fflush(stdout); return *p; }\n' > boom.c; gcc -w -o boom boom.c
echo './boom; echo "exit status $?"' > run.sh; bash run.sh
### abort_double_free | PROCESS_CRASH | double free|Aborted
printf '#include <stdlib.h>\nint main(void) { char *p = malloc(10); free(p); free(p); }\n' > f.c; gcc -w -o f f.c
echo './f' > run.sh; bash run.sh; echo "exit status $?"
### asan | PROCESS_CRASH | AddressSanitizer: heap-buffer-overflow
printf '#include <stdlib.h>\nint main(int c, char **v) { char *p = malloc(4); return p[c + 5]; }\n' > f.c; gcc -g -fsanitize=address -w -o f f.c
./f 2>&1 | sed -E 's/0x[0-9a-f]+/0x602000000010/g; s/==[0-9]+==/==17==/'; echo "exit status ${PIPESTATUS[0]}"
### cpp_bad_alloc | HEAP_EXHAUSTED | std::bad_alloc | PROCESS_CRASH
printf '#include <vector>\n#include <cstdio>\nint main() { puts("sorting"); fflush(stdout); std::vector<char> v(1UL << 60); return v[0]; }\n' > v.cpp; g++ -O0 -o v v.cpp
ulimit -c 0; echo './v' > run.sh; bash run.sh; echo "exit status $?"
### cpp_terminate | PROCESS_CRASH | terminate called|what\(\)|Aborted | UNHANDLED_EXCEPTION
printf '#include <stdexcept>\nint main() { throw std::runtime_error("no price list"); }\n' > t.cpp; g++ -o t t.cpp
ulimit -c 0; echo './t' > run.sh; bash run.sh; echo "exit status $?"
### ctest_fails | TEST_FAILURE | 2 - adds \(Failed\)|\*\*\*Failed
printf 'cmake_minimum_required(VERSION 3.10)\nproject(shop C)\nenable_testing()\nadd_test(NAME fine COMMAND true)\nadd_test(NAME adds COMMAND false)\n' > CMakeLists.txt
cmake -S . -B build; ctest --test-dir build; echo "exit status $?"
### missing_shared_object | MISSING_MODULE | cannot open shared object
echo 'int f(void) { return 1; }' > f.c; gcc -shared -o libbill.so f.c; echo 'int f(void); int main(void) { return f(); }' > m.c; gcc -o m m.c -L. -lbill; rm libbill.so
step ./m
### go_build_error | COMPILE_ERROR | main.go:6
export GOFLAGS=-mod=mod GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
printf 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println(total)\n\tvar n int = "a"\n}\n' > main.go
step go build ./...
### go_missing_package | MISSING_MODULE | no required module provides package
export GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
printf 'package main\n\nimport "github.com/acme/pay"\n\nfunc main() { pay.Now() }\n' > main.go
step go build ./...
### go_panic_nil | UNHANDLED_EXCEPTION | ^panic: runtime error
export GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
printf 'package main\n\ntype user struct{ name string }\n\nfunc main() {\n\tvar u *user\n\tprintln("start")\n\tprintln(u.name)\n}\n' > main.go
go run . 2>&1 | sed -E 's/0x[0-9a-f]+/0x4601f4/g'; echo "exit status ${PIPESTATUS[0]}"
### go_test_fails | TEST_FAILURE | --- FAIL: TestTotal
export GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
printf 'package shop\n\nimport "testing"\n\nfunc TestFine(t *testing.T) {}\nfunc TestTotal(t *testing.T) {\n\tif 1+1 != 3 {\n\t\tt.Errorf("total = %%d, want 3", 2)\n\t}\n}\n' > total_test.go
go test ./...; echo "exit status $?"
### go_port_in_use | PORT_IN_USE | address already in use
export GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
printf 'package main\n\nimport (\n\t"log"\n\t"net/http"\n)\n\nfunc main() { log.Fatal(http.ListenAndServe("127.0.0.1:8992", nil)) }\n' > main.go
python -m http.server 8992 >/dev/null 2>&1 & sleep 1; go run .; kill %1
### go_deadline | NETWORK_TIMEOUT | deadline exceeded
export GOPROXY=off GOCACHE=/srv/home/go; printf 'module shop\n\ngo 1.19\n' > go.mod
printf 'package main\n\nimport (\n\t"log"\n\t"net"\n\t"net/http"\n\t"time"\n)\n\nfunc main() {\n\tl, _ := net.Listen("tcp", "127.0.0.1:8997")\n\tdefer l.Close()\n\tc := http.Client{Timeout: time.Second}\n\t_, err := c.Get("http://127.0.0.1:8997/stock")\n\tlog.Fatalf("stock service: %%v", err)\n}\n' > main.go
go run .
### rustc_error | COMPILE_ERROR | error\[E0308\]
cargo_new() { mkdir src; printf '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml; }
cargo_new; printf 'fn main() {\n    let n: u32 = "seven";\n    println!("{}", n);\n}\n' > src/main.rs
export HOME=/root; cargo build; echo "exit status $?"
### rust_panic | UNHANDLED_EXCEPTION | panicked at
mkdir src; printf '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
printf 'fn main() {\n    let v: Vec<i32> = vec![];\n    println!("first {}", v[0]);\n}\n' > src/main.rs
export HOME=/root; cargo run -q; echo "exit status $?"
### cargo_test_fails | TEST_FAILURE | test tests::adds ... FAILED
mkdir src; printf '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
printf 'pub fn add(a: i32, b: i32) -> i32 { a - b }\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() { assert_eq!(super::add(1, 2), 3); }\n    #[test]\n    fn fine() {}\n}\n' > src/lib.rs
export HOME=/root; cargo test; echo "exit status $?"
### php_undefined | UNHANDLED_EXCEPTION | Uncaught Error|Call to undefined function
printf '<?php\nfunction pay() { return pricce(3); }\necho "start\\n";\npay();\n' > pay.php
step php pay.php
### php_parse | COMPILE_ERROR | Parse error
printf '<?php\n$a = [1, 2;\n' > a.php
step php -l a.php
### php_memory | HEAP_EXHAUSTED | Allowed memory size
printf '<?php\n$a = []; while (true) { $a[] = str_repeat("x", 100000); }\n' > a.php
step php -d memory_limit=16M a.php
### php_time_limit | WORKER_TIMEOUT | Maximum execution time
printf '<?php\nset_time_limit(1); while (true) { $a = md5("x"); }\n' > a.php
step php a.php
### phpunit_fails | TEST_FAILURE | Failed asserting
mkdir tests; printf '<?php\nuse PHPUnit\\Framework\\TestCase;\nfinal class CartTest extends TestCase { public function testTotal(): void { $this->assertSame(3, 1 + 1); } }\n' > tests/CartTest.php
step phpunit tests
### composer_unresolvable | DEPENDENCY_FAILED | could not be resolved|could not be found
echo '{"require": {"php": ">=9.4"}, "repositories": [{"packagist.org": false}]}' > composer.json
COMPOSER_ALLOW_SUPERUSER=1 step composer install --no-interaction
### ruby_no_method | UNHANDLED_EXCEPTION | NoMethodError
printf 'def total(cart)\n  cart.items\nend\nputs "start"\ntotal(nil)\n' > cart.rb
step ruby cart.rb
### ruby_missing_gem | MISSING_MODULE | cannot load such file
printf 'require "sidekiq_pro_max"\n' > worker.rb
step ruby worker.rb
### rspec_fails | TEST_FAILURE | Failure/Error|rspec ./spec
mkdir spec; printf 'RSpec.describe "cart" do\n  it("adds") { expect(1 + 1).to eq 3 }\n  it("is") {}\nend\n' > spec/cart_spec.rb
step rspec --no-color
### rubocop | LINT_FAILURE | : [CWE]: 
printf "x = {  :a=>1 }\nputs x\n" > a.rb
step rubocop a.rb
### bundler_missing | DEPENDENCY_FAILED | Could not find gem|Could not find
printf 'gem "zz-not-there-zz", "1.2"\n' > Gemfile
step bundle install --local
### shellcheck | LINT_FAILURE | SC2086|SC2154
printf '#!/bin/bash\nrm -rf $TARGET/tmp\n' > clean.sh
step shellcheck clean.sh
### bash_unbound | CONFIG_ERROR | unbound variable
printf 'set -eu\necho "deploying"\ncurl -s "$DEPLOY_URL/start"\n' > deploy.sh
step bash deploy.sh
### bash_syntax | COMPILE_ERROR | syntax error
printf 'if [ -f x ]; then\n  echo yes\n' > a.sh
step bash a.sh
### bash_not_found | EXEC_FAILED | command not found
printf 'echo "Building"\nhugoo --minify\n' > build.sh
bash build.sh; echo "exit code 127"
### exec_not_executable | EXEC_FAILED | Permission denied
printf '#!/bin/sh\necho hi\n' > start.sh
bash -c ./start.sh; echo "Process exited with code $?"
### exec_format | EXEC_FAILED | [Ee]xec format error
printf '\x7fELF\x02\x01\x01\x00aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' > server; chmod +x server
bash -c ./server; echo "exit status $?"
### bad_interpreter | EXEC_FAILED | bad interpreter|required file not found
printf '#!/bin/bash\r\necho hi\r\n' > entrypoint.sh; chmod +x entrypoint.sh
bash -c ./entrypoint.sh; echo "exit status $?"
### javac_error | COMPILE_ERROR | Order.java:3: error
printf 'public class Order {\n  int total() {\n    return "x";\n  }\n}\n' > Order.java
step javac Order.java
### java_npe | UNHANDLED_EXCEPTION | Exception in thread "main"
printf 'public class Main {\n  public static void main(String[] a) {\n    String s = System.getenv("NOPE_NOPE");\n    System.out.println(s.length());\n  }\n}\n' > Main.java
step java Main.java
### java_heap | HEAP_EXHAUSTED | OutOfMemoryError: Java heap space
printf 'import java.util.*;\npublic class Main {\n  public static void main(String[] a) {\n    List<byte[]> l = new ArrayList<>();\n    while (true) l.add(new byte[1 << 20]);\n  }\n}\n' > Main.java; javac Main.java
step java -Xmx24m -XX:+UseSerialGC Main
### java_class_missing | MISSING_MODULE | Could not find or load main class
step java -cp . com.shop.Main
### java_chain | SERVICE_UNREACHABLE | Caused by: java.net.ConnectException | UNHANDLED_EXCEPTION
cat > Main.java <<'X'
import java.net.*;
public class Main {
  static void fetch() {
    try { new Socket("127.0.0.1", 8999).close(); }
    catch (Exception e) { throw new IllegalStateException("cannot load rates", e); }
  }
  public static void main(String[] a) {
    try { fetch(); } catch (RuntimeException e) { throw new RuntimeException("startup failed", e); }
  }
}
X
javac Main.java; step java Main
### maven_offline | DEPENDENCY_FAILED | Could not resolve|could not be resolved|Non-resolvable
printf '<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>shop</artifactId><version>1</version><dependencies><dependency><groupId>com.acme</groupId><artifactId>pay</artifactId><version>9.9</version></dependency></dependencies></project>' > pom.xml
mkdir -p src/main/java; mvn -o -B -ntp compile; echo "exit status $?"
