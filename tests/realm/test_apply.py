"""`coalition realm apply | diff` against a real Keycloak."""

import time

from cli.realm import apply, code
from tests.realm.conftest import open_console


def test_a_second_apply_changes_nothing(realm, realm_code):
    assert apply.apply(realm, realm_code) == []


def test_the_diff_of_an_applied_realm_is_empty(realm, realm_code):
    assert apply.diff(realm, realm_code) == []


def test_the_diff_is_quick(realm, realm_code):
    started = time.monotonic()
    apply.diff(realm, realm_code)
    assert time.monotonic() - started < 10


def test_a_missing_realm_is_said_and_not_made(settings, realm_code):
    absent = open_console(settings.model_copy(update={"name": "absent"}))
    assert [difference.where for difference in apply.diff(absent, realm_code)] == ["realm"]
    assert absent.find() is None


def _client(realm, name):
    return realm.get("/clients", clientId=name)[0]


def _change_client(realm, name, **change):
    held = _client(realm, name)
    realm.put(f"/clients/{held['id']}", held | change)


def _scope_id(realm, name):
    return next(scope["id"] for scope in realm.get("/client-scopes") if scope["name"] == name)


def _redirect_added(realm):
    _change_client(realm, "gateway", redirectUris=["https://attacker.example/*"])


def _secret_changed(realm):
    _change_client(realm, "gateway", secret="guessed")


def _scope_added_to_the_gateway(realm):
    realm.put(f"/clients/{_client(realm, 'gateway')['id']}/default-client-scopes/{_scope_id(realm, 'email')}", {})


def _more_power_for_notifications(realm):
    account = realm.get(f"/clients/{_client(realm, 'notifications')['id']}/service-account-user")["id"]
    management = _client(realm, "realm-management")["id"]
    role = realm.get(f"/clients/{management}/roles/manage-users")
    realm.post(f"/users/{account}/role-mappings/clients/{management}", [role])


def _police_given_capacity(realm):
    realm.post("/roles/police.law-enforcement.caseworker/composites", [realm.get("/roles/capacity:answer")])


def _everyone_given_a_scope(realm):
    realm.post(f"/roles/default-roles-{realm.realm}/composites", [realm.get("/roles/person:read")])


def _scope_taken_from_intake(realm):
    realm.delete("/roles/ngo.community.intake/composites", [realm.get("/roles/referral:receive")])


def _role_nobody_stated(realm):
    realm.post("/roles", {"name": "ngo.community.superuser"})


def _name_put_in_access_tokens(realm):
    scope = next(scope for scope in realm.get("/client-scopes") if scope["name"] == "coalition-person")
    mapper = next(mapper for mapper in scope["protocolMappers"] if mapper["name"] == "name")
    mapper["config"]["access.token.claim"] = "true"
    realm.put(f"/client-scopes/{scope['id']}/protocol-mappers/models/{mapper['id']}", mapper)


def _mapper_nobody_stated(realm):
    mapper = {
        "name": "e-mail",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-attribute-mapper",
        "config": {"user.attribute": "email", "claim.name": "email", "access.token.claim": "true"},
    }
    realm.post(f"/client-scopes/{_scope_id(realm, 'coalition-api')}/protocol-mappers/models", mapper)


def _second_factor_switched_off(realm):
    flow = realm.get()["browserFlow"]
    path = f"/authentication/flows/{flow}/executions"
    enrolment = next(row for row in realm.get(path) if row["displayName"].endswith(": enrolment"))
    realm.put(path, enrolment | {"requirement": "DISABLED"})


def _flow_replaced(realm):
    realm.put("", {"resetCredentialsFlow": "reset credentials"})


def _password_grant_allowed(realm):
    realm.put("/client-policies/policies", {"policies": []})


def _guessing_allowed(realm):
    realm.put("", {"bruteForceProtected": False})


def _refresh_reuse_allowed(realm):
    realm.put("", {"refreshTokenMaxReuse": 3})


def _address_editable(realm):
    profile = realm.get("/users/profile")
    profile["attributes"][1]["permissions"]["edit"] = ["admin", "user"]
    realm.put("/users/profile", profile)


def _second_factor_removable(realm):
    action = next(a for a in realm.get("/authentication/required-actions") if a["alias"] == "delete_credential")
    realm.put("/authentication/required-actions/delete_credential", action | {"enabled": True})


def _console_opened(realm):
    _change_client(realm, "account-console", enabled=True)


DRIFTS = {
    _redirect_added: "client gateway.redirectUris",
    _secret_changed: "client gateway.secret",
    _scope_added_to_the_gateway: "client gateway default scopes",
    _more_power_for_notifications: "client notifications holds",
    _police_given_capacity: "role police.law-enforcement.caseworker holds",
    _everyone_given_a_scope: "role default-roles-{realm} holds",
    _scope_taken_from_intake: "role ngo.community.intake holds",
    _role_nobody_stated: "role ngo.community.superuser",
    _name_put_in_access_tokens: "client scope coalition-person mapper name.config.access.token.claim",
    _mapper_nobody_stated: "client scope coalition-api mapper e-mail",
    _second_factor_switched_off: "flow coalition browser.executions[12].requirement",
    _flow_replaced: "flow coalition reset.executions",
    _password_grant_allowed: "client policies",
    _guessing_allowed: "realm.bruteForceProtected",
    _refresh_reuse_allowed: "realm.refreshTokenMaxReuse",
    _address_editable: "profile.attributes[1].permissions.edit",
    _second_factor_removable: "required action delete_credential.enabled",
    _console_opened: "client account-console.enabled",
}


def test_every_drift_is_noticed_by_name_and_closed(realm, realm_code):
    for drift in DRIFTS:
        drift(realm)
    noticed = [difference.where for difference in apply.diff(realm, realm_code)]
    assert sorted(noticed) == sorted(where.format(realm=realm.realm) for where in DRIFTS.values())
    apply.apply(realm, realm_code)
    assert apply.diff(realm, realm_code) == []


def test_a_difference_never_shows_a_secret(realm, realm_code):
    _secret_changed(realm)
    said = repr(apply.apply(realm, realm_code))
    assert "gateway-secret" not in said
    assert "guessed" not in said


def test_moving_the_ports_moves_the_redirect(realm, realm_code, settings):
    moved = code.read(settings.model_copy(update={"gateway_url": "http://localhost:9000"}).parameters())
    said = {difference.where for difference in apply.diff(realm, moved)}
    assert "client gateway.redirectUris" in said
    assert "client gateway.attributes.backchannel.logout.url" in said


def test_what_the_code_does_not_state_is_left_alone(realm, realm_code):
    realm.post("/clients", {"clientId": "agency", "protocol": "openid-connect", "standardFlowEnabled": False})
    assert apply.apply(realm, realm_code) == []
    assert realm.get("/clients", clientId="agency")


def test_a_changed_flow_is_built_beside_the_live_one(realm, realm_code):
    before = realm.get()["browserFlow"]
    _second_factor_switched_off(realm)
    apply.apply(realm, realm_code)
    after = realm.get()["browserFlow"]
    assert {before, after} == {"coalition browser a", "coalition browser b"}
    assert before not in {flow["alias"] for flow in realm.get("/authentication/flows")}
