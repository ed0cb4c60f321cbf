"""Keycloak's administration interface for one realm, as JSON in and JSON out."""

import json
from typing import Any
from urllib.parse import quote

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakGetError, KeycloakPostError, raise_error_from_response

NOT_FOUND = 404


class Console:
    """Calls under `/admin/realms/<realm>`; any status of 400 and above raises python-keycloak's error."""

    def __init__(self, admin: KeycloakAdmin, realm: str) -> None:
        self.admin = admin
        self.realm = realm

    def get(self, path: str = "", **query: str) -> Any:
        """Return what stands at the path."""
        return raise_error_from_response(self.admin.connection.raw_get(self._url(path), **query), KeycloakGetError)

    def find(self, path: str = "") -> Any | None:
        """Return what stands at the path, or None when there is nothing."""
        response = self.admin.connection.raw_get(self._url(path))
        if response.status_code == NOT_FOUND:
            return None
        return raise_error_from_response(response, KeycloakGetError)

    def post(self, path: str, body: Any) -> str:
        """Create, and return the new id when Keycloak tells it."""
        response = self.admin.connection.raw_post(self._url(path), data=json.dumps(body))
        raise_error_from_response(response, KeycloakPostError, expected_codes=[200, 201, 204])
        return str(response.headers.get("Location", "")).rsplit("/", 1)[-1]

    def put(self, path: str, body: Any) -> None:
        """Replace what stands at the path."""
        response = self.admin.connection.raw_put(self._url(path), data=json.dumps(body))
        raise_error_from_response(response, KeycloakPostError, expected_codes=[200, 201, 202, 204])

    def delete(self, path: str, body: Any = None) -> None:
        """Remove what stands at the path."""
        data = None if body is None else json.dumps(body)
        response = self.admin.connection.raw_delete(self._url(path), data=data)
        raise_error_from_response(response, KeycloakPostError, expected_codes=[200, 204])

    def create_realm(self) -> None:
        """Create the realm, empty."""
        self.admin.create_realm({"realm": self.realm, "enabled": False})

    def _url(self, path: str) -> str:
        return f"/admin/realms/{quote(self.realm)}{path}"


def connect(url: str, client: str, secret: str, realm: str) -> Console:
    """Return the console of a realm, signed in as a service client of the master realm."""
    admin = KeycloakAdmin(
        server_url=url, client_id=client, client_secret_key=secret, realm_name="master", user_realm_name="master"
    )
    return Console(admin, realm)
