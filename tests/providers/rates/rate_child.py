"""A process that takes 40 times as quickly as it can: `python -m tests.providers.rates.rate_child USER_ID RATE`.

Prints "ready", waits for a line, and prints how often it was admitted. Redis or file by the environment.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from providers.exceptions import RateLimited
    from providers.rates import throttles

    user, rate = int(sys.argv[1]), sys.argv[2]

    def one(_: int) -> bool:
        try:
            throttles.take("chat", rate, user)
        except RateLimited:
            return False
        return True

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(4) as pool:
        print(sum(pool.map(one, range(40))), flush=True)
    os._exit(0)
