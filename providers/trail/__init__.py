"""The audit trail: who changed what and when, signed and chained; pages read it, nothing changes it."""
