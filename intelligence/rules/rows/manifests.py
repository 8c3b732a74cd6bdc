"""Rows for manifests and templates: Kubernetes, Terraform, Helm, Compose, Dockerfiles."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("CONFIG_ERROR", 0.92, r"""
        CreateContainerConfigError
        secret "(?P<subject>[^"]+)" not found
        configmap "(?P<subject>[^"]+)" not found
        couldn't find key (?P<subject>\S+) in (?:Secret|ConfigMap)
        references non-existent (?:secret|config) key
        MountVolume\.SetUp failed for volume
        error validating data
        unknown field "(?P<subject>[^"]+)
        no matches for kind "(?P<subject>[^"]+)
        is invalid: (?:spec|metadata|data)\S*
        ValidationError\((?P<subject>[^)]+)\)
        CreateContainerError
        error: context "(?P<subject>[^"]+)" does not exist
        invalid configuration: no configuration has been provided
        strict decoding error
        namespaces "(?P<subject>[^"]+)" not found
    """, any_level=True),
    R("CONFIG_ERROR", 0.9, r"""
        Error: Unsupported argument
        Error: Missing required argument
        Error: Invalid value
        Error: Invalid reference
        Error: Invalid function argument
        Error: Invalid expression
        Error: Invalid block
        Error: Invalid character
        Error: Invalid resource type
        Error: Invalid provider configuration
        Error: Invalid multi-line string
        Error: Invalid template
        Error: Reference to undeclared
        Error: No value for required variable
        Error: Unsupported block type
        Error: Argument or block definition required
        Error: Duplicate
        Error: Unclosed configuration block
        Error: No configuration files
        Error: Backend (?:initialization|configuration)
        Error: Incorrect attribute value
        Error: Variables not allowed
        Error: Missing name
        Error: Invalid index
        Error: Inconsistent conditional
        execution error at \((?P<subject>[^)]+)\)
        values don't meet the specifications
        nil pointer evaluating (?P<subject>\S+)
        parse error at \((?P<subject>[^)]+)\)
        Unresolved variable
        services\.\S+ (?:must be|Additional property|additional properties)
        Additional property (?P<subject>\S+) is not allowed
        The Compose file <q>\S+<q> is invalid
        no configuration file provided: not found
        undefined (?:volume|network|service)
        failed to read dockerfile
        dockerfile parse error
        unknown instruction: (?P<subject>\S+)
        failed to solve: dockerfile
        invalid reference format
        required variable (?P<subject>\S+) is missing a value
        "(?P<subject>/\S+)": not found
        COPY failed
        failed to compute cache key
        ADD failed
    """),
)
