"""What is left on an account, as DeepSeek and OpenRouter tell it."""

from typing import Any

PATHS = ("/deepseek/user/balance", "/openrouter/v1/credits", "/openrouter/v1/key")
DEEPSEEK = {
    "is_available": True,
    "balance_infos": [
        {
            "currency": "CNY",
            "total_balance": "110.00",
            "granted_balance": "10.00",
            "topped_up_balance": "100.00",
        },
        {"currency": "USD", "total_balance": "0.00", "granted_balance": "0.00", "topped_up_balance": "0.00"},
    ],
}


def answer(path: str, key: str) -> dict[str, Any]:
    if path == PATHS[0]:
        return DEEPSEEK
    if path == PATHS[1]:
        return {"data": {"total_credits": 25, "total_usage": 12.66}}
    limit = None if key.endswith("unlimited") else 5
    return {"data": {"label": "sk-or…", "limit": limit, "limit_remaining": limit, "usage": 1.25}}
