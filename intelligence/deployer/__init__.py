"""The deployers: a worker's side of real deployments. `local` builds here, `hook` calls the service's own hook.

A deployment is a lease: claimed, renewed, taken over when its worker is lost. One writer: every write names its
claim.
"""
