"""Alerts: an incident -> what to say of it -> the outbox -> channels. `base.py` holds both ports."""
