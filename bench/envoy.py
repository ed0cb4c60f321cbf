"""Envoy with the same duty: verify the JWT against local keys, ask for the scope (RBAC), forward."""

import json
import sys
from pathlib import Path

from kit.testing import tokens

_HTTP = "type.googleapis.com/envoy.extensions"


def write_config(path: Path, port: int, upstream_port: int, alias: str) -> None:
    """Write Envoy's configuration; `alias` is the organisation whose roles are asked."""
    provider = {
        "issuer": tokens.ISSUER,
        "audiences": [tokens.AUDIENCE],
        "local_jwks": {"inline_string": json.dumps(tokens.jwks())},
        "forward": True,
        "payload_in_metadata": "claims",
    }
    jwt = {
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": f"{_HTTP}.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"realm": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "realm"}}],
        },
    }
    roles = [{"key": key} for key in ("claims", "organization", alias, "realm_access", "roles")]
    has_scope = {
        "metadata": {
            "filter": "envoy.filters.http.jwt_authn",
            "path": roles,
            "value": {"list_match": {"one_of": {"string_match": {"exact": "directory:read"}}}},
        }
    }
    policy = {"permissions": [{"any": True}], "principals": [has_scope]}
    rbac = {
        "name": "envoy.filters.http.rbac",
        "typed_config": {
            "@type": f"{_HTTP}.filters.http.rbac.v3.RBAC",
            "rules": {"action": "ALLOW", "policies": {"read": policy}},
        },
    }
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{_HTTP}.filters.http.router.v3.Router"},
    }
    manager = {
        "@type": f"{_HTTP}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "http_filters": [jwt, rbac, router],
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "up"}}]}
            ]
        },
    }
    listener = {
        "address": _address(port),
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    endpoint = {"endpoint": {"address": _address(upstream_port)}}
    cluster = {
        "name": "up",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "up", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    path.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}}))


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def command(config: Path) -> list[str]:
    """Return Envoy's command line: one worker thread, as our gateway is one process."""
    binary = Path(sys.executable).with_name("envoy")
    return [str(binary), "-c", str(config), "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"]
