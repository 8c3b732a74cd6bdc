"""How often: rates per user and the gateway's own pace, counted for all processes together."""
