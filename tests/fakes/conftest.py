from tests.fakes.fixtures import upstream, upstream_server  # noqa: F401
