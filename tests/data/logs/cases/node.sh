### node_missing_module | MISSING_MODULE | Cannot find module 'fastify-plugin'
echo "const fp = require('fastify-plugin'); fp();" > server.js
step node server.js
### node_esm_missing | MISSING_MODULE | ERR_MODULE_NOT_FOUND|Cannot find package
echo "import pino from 'pino-http-extra'; pino();" > server.mjs
step node server.mjs
### node_type_error | UNHANDLED_EXCEPTION | ^TypeError: 
cat > cart.js <<'X'
function total(cart) { return cart.items.map(i => i.price); }
console.log('listening soon');
total({});
X
step node cart.js
### node_unhandled_rejection | UNHANDLED_EXCEPTION | UnhandledPromiseRejection|reason
cat > job.js <<'X'
async function load() { throw 'inventory is empty'; }
load();
X
step node job.js
### node_port_in_use | PORT_IN_USE | EADDRINUSE
python -m http.server 8992 >/dev/null 2>&1 & sleep 1
echo "require('http').createServer().listen(8992, '0.0.0.0')" > server.js; node server.js; kill %1
### node_heap | HEAP_EXHAUSTED | JavaScript heap out of memory
echo "const kept = []; for (;;) kept.push(new Array(100000).fill({}))" > leak.js
node --max-old-space-size=40 leak.js 2>&1 | sed -E 's/\[[0-9]+:0x[0-9a-f]+\]/[18:0x5d1f0]/; s/ 0x[0-9a-f]{8,}/ 0xb0a860/'
echo "exit status ${PIPESTATUS[0]}"
### node_dns | DNS_FAILURE | ENOTFOUND|EAI_AGAIN
echo "require('http').get('http://inventory.internal.invalid/items').on('error', e => { console.error(e); process.exit(1) })" > call.js
step node call.js
### node_redis_refused | SERVICE_UNREACHABLE | ECONNREFUSED
cat > cache.js <<'X'
const { createClient } = require('redis');
const c = createClient({ url: 'redis://127.0.0.1:8999', socket: { reconnectStrategy: n => n < 3 ? 50 : false } });
c.on('error', e => console.error('cache error', e.code || e.message));
c.connect().then(() => console.log('connected')).catch(e => { console.error(e); process.exit(1) });
X
step node cache.js
### node_pg_refused | DB_CONNECTION_REFUSED | ECONNREFUSED 127.0.0.1:5432
cat > migrate.js <<'X'
const { Client } = require('pg');
const c = new Client({ host: '127.0.0.1', port: 5432, user: 'shop' });
c.connect().then(() => console.log('ok'));
X
step node migrate.js
### node_eacces | PERMISSION_DENIED | EACCES
mkdir data; touch data/cache.json; chmod 400 data/cache.json; chmod 755 /srv/app
echo "require('fs').writeFileSync('/srv/app/data/cache.json', '{}')" > save.js
su nobody -s /bin/bash -c "/usr/bin/node /srv/app/save.js"; echo "exit status $?"
### node_syntax_error | COMPILE_ERROR | ^SyntaxError
printf 'const a = {\n  b: 1,\n;\n' > app.js
step node app.js
### tsc_errors | COMPILE_ERROR | error TS2322
echo '{"compilerOptions":{"strict":true,"noEmit":true,"types":[]}, "include":["src"]}' > tsconfig.json
mkdir src; printf 'export function id(n: number): string {\n  return n;\n}\nexport const x: number = "a";\n' > src/id.ts
step tsc -p .
### tsc_missing_types | MISSING_MODULE | TS2307 | COMPILE_ERROR
echo '{"compilerOptions":{"strict":true,"noEmit":true,"types":[]}, "include":["src"]}' > tsconfig.json
mkdir src; printf 'import { z } from "zodiac";\nexport const a = z;\n' > src/a.ts
step tsc -p .
### eslint | LINT_FAILURE | error .*no-unused-vars|error .*no-undef
echo 'export default [{ rules: { "no-unused-vars": "error", "no-undef": "error" } }];' > eslint.config.mjs
printf 'const a = 1;\nfoo();\n' > main.js
step eslint main.js
### prettier_check | LINT_FAILURE | \[warn\] main.js
printf 'const a = {b:1}\n' > main.js
step prettier --check main.js
### jest_fails | TEST_FAILURE | ● .* adds
echo '{"name":"cart","version":"1.0.0","scripts":{"test":"jest"}}' > package.json
printf "const add = (a, b) => a - b;\ndescribe('cart', () => {\n  test('adds', () => { expect(add(1, 2)).toBe(3); });\n  test('empty', () => { expect([]).toHaveLength(0); });\n});\n" > cart.test.js
npm test; echo "exit status $?"
### mocha_fails | TEST_FAILURE | 1\) adds|AssertionError
mkdir test; printf "const assert = require('assert');\ndescribe('cart', () => { it('adds', () => assert.strictEqual(1 + 1, 3)); it('is', () => {}); });\n" > test/cart.js
step mocha --no-color
### node_test_runner | TEST_FAILURE | ^not ok 2 - adds|✖ adds
printf "const test = require('node:test'); const assert = require('assert');\ntest('works', () => {});\ntest('adds', () => assert.strictEqual(1 + 1, 3));\n" > a.test.js
step node --test --test-reporter=tap
### vitest_fails | TEST_FAILURE | FAIL .*cart.test.mjs|AssertionError
ln -s /srv/node/node_modules node_modules
printf "import { test, expect } from 'vitest';\ntest('adds', () => { expect(1 + 1).toBe(3) });\n" > cart.test.mjs
step vitest run
### webpack_cannot_resolve | MISSING_MODULE | Module not found: Error: Can't resolve
mkdir src; echo "import './styles/site.js'; console.log(1)" > src/index.js
step webpack --mode production
### npm_no_version | DEPENDENCY_FAILED | No matching version found|ETARGET
echo '{"name":"web","version":"1.0.0","dependencies":{"left-pad":"^99.0.0"}}' > package.json
step npm install
### npm_404 | DEPENDENCY_FAILED | 404 Not Found|E404
echo '{"name":"web","version":"1.0.0","dependencies":{"zz-this-is-not-there-zz-9":"1.0.0"}}' > package.json
npm install 2>&1 | sed -E 's#https?://[^ /]+/#https://packages.example.org/#'; echo "exit status ${PIPESTATUS[0]}"
### npm_ci_drift | DEPENDENCY_FAILED | can only install packages when
echo '{"name":"web","version":"1.0.0","dependencies":{"left-pad":"1.3.0"}}' > package.json
echo '{"name":"web","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"web","version":"1.0.0"}}}' > package-lock.json
step npm ci
### npm_eresolve | DEPENDENCY_FAILED | ERESOLVE
echo '{"name":"web","version":"1.0.0","dependencies":{"react":"16.0.0","react-dom":"18.2.0"}}' > package.json
step npm install --no-audit
### npm_missing_script | CONFIG_ERROR | Missing script: "build"
echo '{"name":"web","version":"1.0.0","scripts":{"start":"node ."}}' > package.json
step npm run build
### npm_command_missing | EXEC_FAILED | not found
echo '{"name":"web","version":"1.0.0","scripts":{"build":"nextt build"}}' > package.json
step npm run build
### npm_bad_package_json | CONFIG_ERROR | EJSONPARSE|JSON.parse
printf '{"name":"web",\n "version":"1.0.0",,\n}\n' > package.json
step npm install
### node_json_lines_chain | DB_CONNECTION_REFUSED | ECONNREFUSED
cat > app.js <<'X'
const log = (level, msg, more) => console.log(JSON.stringify({ level, time: 1763700000000, pid: 7, msg, ...more }));
for (let i = 0; i < 120; i++) log(30, 'request completed', { res: { statusCode: 200 }, responseTime: i });
const { Client } = require('pg');
new Client({ host: '127.0.0.1', port: 5433 }).connect().catch(e => { const w = new Error('boot failed', { cause: e }); log(60, w.message, { err: { type: 'Error', stack: w.stack + '\nCaused by: ' + e.stack } }); process.exit(1) });
X
node app.js
### pm2_crash_loop | CRASH_LOOP | too many unstable restarts | UNHANDLED_EXCEPTION
export PM2_HOME=/srv/app/.pm2
echo "setTimeout(() => process.exit(5), 50)" > flaky.js
pm2 start flaky.js --max-restarts 4 --no-daemon & sleep 12; kill %1; wait
### express_500 | UNHANDLED_EXCEPTION | ^ReferenceError
cat > server.js <<'X'
const app = require('express')();
app.get('/p/:id', (q, r) => r.json(products[q.params.id]));
app.listen(8994, '127.0.0.1', () => console.log('ready'));
X
timeout 6 node server.js & sleep 3; curl -s -o /dev/null http://127.0.0.1:8994/p/3; wait
