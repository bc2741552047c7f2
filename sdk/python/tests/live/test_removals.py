"""Removal of stored values: of some keys and of whole features, from queries, training sets and restarted servers."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from creta import CretaException
from live.harbour import replaced, write_harbour
from live.running import COMMAND_SECONDS, assert_refused, serving

ROWS, COLUMNS = "/v1/features/rows", "/v1/features/columns"


@pytest.fixture
def own_server(program, harbour_project, tmp_path):
    """A server whose data no other test sees."""
    with serving(program, harbour_project, tmp_path / "server") as running:
        assert running.apply(harbour_project).status == 0
        yield running


def upload(client, key: int, crew: int, note: str) -> None:
    assert client.upload_features({"vessel.id": key, "vessel.crew": crew, "vessel.note": note}) == []


def online(client, key: int) -> dict:
    """What the online store has of a vessel."""
    answer = client.query({"vessel.id": key}, ["vessel.crew", "vessel.note"])
    return {feature: value for feature, value in answer.to_dict().items() if value is not None}


def history(client, key: int) -> dict:
    """What a training set is told of a vessel, now."""
    later = datetime.now(UTC) + timedelta(seconds=1)
    rows = client.offline_query(
        {"vessel.id": [key]}, input_times=[later], output=["vessel.crew", "vessel.note"]
    ).to_arrow().to_pylist()
    return {feature: value for feature, value in rows[0].items() if value is not None}


def test_a_deleted_value_is_gone_everywhere_until_it_is_stored_again(own_server, harbour_project, tmp_path):
    with own_server.client() as client:
        for key in (7, 8):
            upload(client, key, 17, "calls often")
        whole = {"vessel.crew": 17, "vessel.note": "calls often"}
        assert [online(client, 7), online(client, 8), history(client, 7)] == [whole] * 3
        client.delete_features("vessel", ["crew"], None, [7])
        rest = {"vessel.note": "calls often"}
        assert [online(client, 7), history(client, 7)] == [rest] * 2
        assert [online(client, 8), history(client, 8)] == [whole] * 2
        assert client.upload_features({"vessel.id": 7, "vessel.crew": 5}) == []
        assert online(client, 7) == history(client, 7) == {"vessel.crew": 5, **rest}
        client.delete_features("vessel", primary_keys=[8])
        assert online(client, 8) == history(client, 8) == {}
    assert own_server.stop() == 0
    with serving(own_server.program, harbour_project, own_server.data.parent) as again, again.client() as client:
        assert online(client, 7) == history(client, 7) == {"vessel.crew": 5, **rest}
        assert online(client, 8) == history(client, 8) == {}


def test_a_killed_server_undoes_no_removal(own_server, harbour_project):
    with own_server.client() as client:
        upload(client, 7, 17, "calls often")
        assert history(client, 7)
        upload(client, 7, 18, "still calls")
        client.delete_features("vessel", None, None, [7])
        upload(client, 8, 19, "stays")
    own_server.process.kill()
    own_server.process.wait(COMMAND_SECONDS)
    own_server.ready.unlink()
    with serving(own_server.program, harbour_project, own_server.data.parent) as again, again.client() as client:
        assert online(client, 7) == history(client, 7) == {}
        assert online(client, 8) == history(client, 8) == {"vessel.crew": 19, "vessel.note": "stays"}


def test_each_store_may_retain_what_the_other_forgets(own_server):
    with own_server.client() as client:
        whole = {"vessel.crew": 17, "vessel.note": "calls often"}
        for key in (7, 8):
            upload(client, key, 17, "calls often")
        client.delete_features("vessel", ["vessel.crew"], None, [7], retain_online=True)
        client.delete_features("vessel", ["vessel.crew"], None, [8], retain_offline=True)
        assert online(client, 7) == history(client, 8) == whole
        assert online(client, 8) == history(client, 7) == {"vessel.note": "calls often"}


def test_a_dropped_feature_may_change_its_type(own_server, tmp_path):
    changed = replaced("features.py", 'crew: int = feature(max', 'crew: str = feature(max')
    project = write_harbour(tmp_path / "changed", changed)
    with own_server.client() as client:
        upload(client, 7, 17, "calls often")
        assert history(client, 7)["vessel.crew"] == 17
        assert_refused(own_server.apply(project), 5, "type_change", "creta drop --features vessel.crew")
        client.drop_features("vessel", ["crew"], retain_offline=True)
        assert_refused(own_server.apply(project), 5, "type_change")
        client.drop_features("vessel", ["crew"])
        assert online(client, 7) == history(client, 7) == {"vessel.note": "calls often"}
        # What is stored between the drop and the change is of the old type, and is not read as the new one.
        upload(client, 8, 18, "between")
        assert own_server.apply(project).status == 0
        assert online(client, 8) == history(client, 8) == {"vessel.note": "between"}
        assert client.upload_features({"vessel.id": 7, "vessel.crew": "seventeen"}) == []
        assert online(client, 7) == history(client, 7) == {"vessel.crew": "seventeen", "vessel.note": "calls often"}


FAULTS = {
    "unknown namespace": ({"namespace": "vesel"}, "unknown_query_feature", ["namespace `vesel`", "Did you mean"]),
    "unknown feature": ({"features": ["crw"]}, "unknown_query_feature", ["`vessel.crw`"]),
    "feature of another class": ({"features": ["berth.name"]}, "invalid_query", ["not a feature of `vessel`"]),
    "feature behind a join": ({"features": ["vessel.berth.name"]}, "unknown_query_feature", ["feature with a value"]),
    "relationship": ({"features": ["berth"]}, "unknown_query_feature", ["`vessel.berth`"]),
    "primary key": ({"features": ["crew", "id"]}, "invalid_query", ["is the primary key"]),
    "key of the wrong type": ({"primary_keys": ["7", "seven"]}, "invalid_input", ["`seven`", "not int"]),
    "key that is no text": ({"primary_keys": [7]}, "malformed_request", []),
    "no keys": ({"primary_keys": []}, "invalid_query", ["primary keys is empty"]),
    "no features": ({"features": []}, "invalid_query", ["features or tags is empty"]),
    "unknown tag": ({"features": None, "tags": ["pii"]}, "unknown_query_feature", ["tag `pii`"]),
    "both stores retained": ({"retain_online": True, "retain_offline": True}, "invalid_query", ["Both stores"]),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_removal_that_is_refused_removes_nothing(server, client, fault):
    change, code, words = fault
    upload(client, 7, 17, "stays")
    good = {"namespace": "vessel", "features": ["crew"], "tags": None, "primary_keys": ["7"]}
    body = good | {"retain_online": False, "retain_offline": False} | change
    answer = httpx.request(
        "DELETE",
        f"{server.url}{ROWS}",
        json=body,
        headers={"Authorization": f"Bearer {server.token}"},
        timeout=COMMAND_SECONDS,
    )
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert error["letter"] == code and answer.json()["code"] == code
    assert all(word in error["message"] + error.get("fix", "") for word in words), error
    assert online(client, 7) == history(client, 7) == {"vessel.crew": 17, "vessel.note": "stays"}


def test_a_removal_needs_a_token_and_says_so_in_an_exception(server, client):
    assert httpx.request("DELETE", f"{server.url}{COLUMNS}", json={}, timeout=COMMAND_SECONDS).status_code == 401
    with pytest.raises(CretaException) as refused:
        client.drop_features("vessel", ["crew", "crw", "id"])
    assert [error.letter for error in refused.value.errors] == ["unknown_query_feature", "invalid_query"]


def test_the_commands(own_server):
    with own_server.client() as client:
        for key in (7, 8):
            upload(client, key, 17, "calls often")
        few = own_server.command("delete", "--keys", "7", "--features", "vessel.crew", "--retain-offline")
        assert (few.status, few.stdout) == (0, "removed vessel.crew of key 7 of vessel from the online store\n"), few
        assert online(client, 7) == {"vessel.note": "calls often"}
        everything = ("delete", "--keys", "7,8", "--namespace", "vessel")
        assert_refused(own_server.command(*everything), 2, "invalid_query", "everything of 2 keys", "`--yes`")
        assert history(client, 8)
        assert own_server.command(*everything, "--yes").status == 0
        assert online(client, 7) == online(client, 8) == history(client, 7) == history(client, 8) == {}
        upload(client, 7, 17, "calls often")
        drop = ("drop", "--features", "vessel.crew,vessel.note")
        assert_refused(own_server.command(*drop), 2, "invalid_query", "`--yes`")
        dropped = own_server.command(*drop, "--yes", "--json")
        assert dropped.status == 0 and json.loads(dropped.stdout)["removed"]["features"] == drop[-1].split(",")
        assert online(client, 7) == history(client, 7) == {}
    nameless = own_server.command("delete", "--keys", "7", "--yes")
    assert_refused(nameless, 2, "invalid_input", "whose values", "--namespace")
