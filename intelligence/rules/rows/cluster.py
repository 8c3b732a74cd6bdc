"""Rows for clusters: no node for the workload, no image for the container."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("SCHEDULING_FAILED", 0.97, r"""
        \b0/\d+ nodes are available: (?P<subject>[^\n.]+)
    """, any_level=True, even_calm=True),
    R("SCHEDULING_FAILED", 0.93, r"""
        FailedScheduling
        didn't match (?:Pod's )?node (?:affinity|selector)
        had (?:untolerated )?taints?\b.*pod
        unbound immediate PersistentVolumeClaims
        pod didn't trigger scale-up
        NotTriggerScaleUp
        no nodes available to schedule
        Insufficient (?:cpu|memory|nvidia\.com/gpu)
        no suitable node
        insufficient resources on \d+ node
        unable to place a task because no container instance met
        was unable to place
        No cluster instances? matched
        Unschedulable\b
        Constraint "[^"]+": filtered
        Dimension "[^"]+" exhausted on
    """, any_level=True, even_calm=True),
    R("IMAGE_PULL_FAILED", 0.93, r"""
        Failed to pull image "(?P<subject>[^"]+)"
    """, any_level=True, even_calm=True),
    R("IMAGE_PULL_FAILED", 0.93, r"""
        \bImagePullBackOff\b
        \bErrImagePull\b
        ErrImageNeverPull
        InvalidImageName
        RegistryUnavailable
        CannotPullContainerError
        Back-off pulling image "(?P<subject>[^"]+)"
    """, any_level=True, even_calm=True),
    R("IMAGE_PULL_FAILED", 0.9, r"""
        manifest (?:for (?P<subject>\S+) not found|unknown|invalid)
        pull access denied for (?P<subject>[^\s,]+)
        repository \S+ not found: does not exist
        failed to pull and unpack (?:image )?"?(?P<subject>[^\s"]+)
        failed to resolve (?:reference|source metadata for) (?:image )?"?(?P<subject>[^\s"]+)
        no matching manifest for (?P<subject>\S+)
        Unable to find image .* locally.*denied
        failed to resolve image
        Error response from daemon: (?:manifest|pull access|No such image|unauthorized|Head "|Get ")
        error pulling image
        image .* (?:not found in registry|could not be pulled)
        failed to copy: httpReadSeeker
        failed to load cache key: .*(?:not found|denied)
        failed to do request: (?:Head|Get) "?https?://\S+/v2/
    """, any_level=True, even_calm=True),
    R("IMAGE_PULL_FAILED", 0.88, r"""
        No such image: (?P<subject>\S+)
    """),
)
