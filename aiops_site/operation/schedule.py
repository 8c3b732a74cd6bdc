"""What beat sends, and how often, in seconds. What nobody took by the next tick is dropped, not repeated."""

from celery.schedules import crontab

SCHEDULE = {
    "jules.reap": {"task": "jules.tasks.reap", "schedule": 10.0, "options": {"expires": 10}},
    "jules.look": {"task": "jules.tasks.look", "schedule": 5.0, "options": {"expires": 5}},
    "jules.follow": {"task": "jules.tasks.follow", "schedule": 60.0, "options": {"expires": 60}},
    "senate.reap": {"task": "senate.tasks.reap", "schedule": 10.0, "options": {"expires": 10}},
    "intelligence.reap": {"task": "intelligence.tasks.reap", "schedule": 10.0, "options": {"expires": 10}},
    "intelligence.agents": {"task": "intelligence.tasks.reap_agents", "schedule": 3.0, "options": {"expires": 3}},
    "intelligence.health": {
        "task": "intelligence.tasks.check_health",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "intelligence.fleet.samples": {
        "task": "intelligence.tasks.pull_samples",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "intelligence.analyses": {
        "task": "intelligence.tasks.sweep_analyses",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "intelligence.scan": {
        "task": "intelligence.tasks.scan_services",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "intelligence.analysis.summaries": {
        "task": "intelligence.tasks.summarise_deployments",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "intelligence.quiet": {
        "task": "intelligence.tasks.resolve_quiet",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "intelligence.deliveries": {
        "task": "intelligence.tasks.sweep_deliveries",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "providers.reap": {
        "task": "providers.tasks.reap_reservations",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "providers.seal": {"task": "providers.tasks.seal_rows", "schedule": 5.0, "options": {"expires": 5}},
    "providers.notify": {"task": "providers.tasks.notify", "schedule": 10.0, "options": {"expires": 10}},
    "providers.export": {"task": "providers.tasks.export_spans", "schedule": 5.0, "options": {"expires": 5}},
    "providers.verify": {"task": "providers.tasks.verify_chains", "schedule": 60.0, "options": {"expires": 60}},
    "providers.roll_usage": {
        "task": "providers.tasks.roll_usage",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "providers.forget": {
        "task": "providers.tasks.forget_old",
        "schedule": crontab(hour=3, minute=10),  # UTC
        "options": {"expires": 3600},
    },
}
