"""Telling people when a cap or a budget is nearly used. A worker looks and sends, never a call.

`thresholds` finds what was passed and writes it down once, `delivery` sends it by every active channel until it
arrived, `channels` is what an admin does to channels, `page` is what the frame shows.
"""
